// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace berth::agent {

// One line on standard error.
void say(const std::string& sentence);

}  // namespace berth::agent
