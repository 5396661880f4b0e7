// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <concepts>
#include <string_view>

#include "base/error.h"

namespace berth::warden {

// Throws the Error of an errno: "cannot <doing>: <reason>", and what to do about it where that is known.
[[noreturn]] void throw_errno(std::string_view doing, int number = errno);

// The result of a system call; a negative one is thrown.
template <std::signed_integral Result>
Result check(Result result, std::string_view doing) {
  if (result < 0) {
    throw_errno(doing);
  }
  return result;
}

// One line on standard error, for the journal. Control characters are replaced.
void log_line(std::string_view text);

}  // namespace berth::warden
