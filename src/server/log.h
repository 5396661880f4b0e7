// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace berth::server {

// One JSON object a line on standard error: time, level and message.
void start_logging();
void log_line(const std::string& message);

}  // namespace berth::server
