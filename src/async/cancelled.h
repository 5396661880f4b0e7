// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

namespace berth::async {

// Whether a task ended because it was cancelled.
bool is_cancellation(const std::exception_ptr& fault);
// What an exception says, for the log.
std::string describe_fault(const std::exception_ptr& fault);

}  // namespace berth::async
