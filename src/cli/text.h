// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace berth::cli {

// `text` with every control character replaced by '?', so that nothing from outside steers the terminal.
std::string printable(std::string_view text);

// How many columns UTF-8 text takes, one for each code point.
std::size_t text_width(std::string_view text);

// "in 24m", "3m ago", "now": one unit, rounded down.
std::string relative_time(TimePoint time, TimePoint now);

// "1.5 GiB", "512 MiB", "17 B": at most one digit after the point, for people.
std::string rough_size(std::uint64_t bytes);

// "1 file", "3 files".
std::string counted(std::uint64_t count, std::string_view noun);

// Writes the whole text to a descriptor. False when the reader has gone away; throws Error{unavailable} on other
// faults.
bool write_all(int descriptor, std::string_view text);

}  // namespace berth::cli
