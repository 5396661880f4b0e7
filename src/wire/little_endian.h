// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::wire {

// Writes `value` at `at` of `bytes`, which is long enough.
template <class Unsigned>
void put_little_endian(std::string& bytes, std::size_t at, Unsigned value) {
  for (std::size_t index = 0; index < sizeof(Unsigned); ++index) {
    bytes[at + index] = static_cast<char>(value >> (8 * index));
  }
}

template <class Unsigned>
Unsigned get_little_endian(std::string_view bytes, std::size_t at) {
  Unsigned value = 0;
  for (std::size_t index = sizeof(Unsigned); index-- > 0;) {
    value = static_cast<Unsigned>(value << 8) | static_cast<unsigned char>(bytes[at + index]);
  }
  return value;
}

}  // namespace berth::wire
