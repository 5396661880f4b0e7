// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

// A count of bytes.
struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

constexpr Bytes operator""_KiB(unsigned long long amount) { return {amount << 10}; }
constexpr Bytes operator""_MiB(unsigned long long amount) { return {amount << 20}; }
constexpr Bytes operator""_GiB(unsigned long long amount) { return {amount << 30}; }

// "512MiB", "2GiB", "64KiB", "100B" or a bare number of bytes. Throws Error{invalid_argument}.
Bytes parse_bytes(std::string_view text);
// The largest unit that divides it, which parse_bytes reads back exactly: "512MiB".
std::string format_bytes(Bytes bytes);

}  // namespace berth
