// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/invocation.h"

namespace berth::cli {

// Reads the opened answer of `length` bytes to its end into the file, which appears under its name only when it is
// whole; "-" is the output, whose reader may go away. How much there was.
std::uint64_t save(Invocation& run, std::optional<std::uint64_t> length, const std::string& file,
                   const std::string& progress_words);

}  // namespace berth::cli
