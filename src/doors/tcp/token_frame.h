// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::doors::tcp {

// What a client of a service in mode `token` sends first: the token, filled up with zero bytes, then two bytes that
// choose one of the token's instances. Both zero: a fresh one, and the end of all others.
struct TokenFrame {
  std::string token;
  std::uint16_t identifier = 0;
  bool is_reset() const { return identifier == 0; }
};

inline constexpr std::size_t identifier_size = 2;

// `bytes` is as long as a frame.
TokenFrame read_token_frame(std::string_view bytes);

}  // namespace berth::doors::tcp
