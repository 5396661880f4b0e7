// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace berth::core {

// Words that may come from an instance or a registry, made fit to keep and to show on one line: valid text of at most
// 500 bytes. What is no character, controls, and what turns the direction of the text becomes '?'.
std::string plain_text(std::string_view words);

}  // namespace berth::core
