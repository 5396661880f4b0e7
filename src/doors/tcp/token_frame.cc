// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/token_frame.h"

namespace berth::doors::tcp {

TokenFrame read_token_frame(std::string_view bytes) {
  const auto byte = [&](std::size_t from_end) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[bytes.size() - from_end]));
  };
  const std::string_view field = bytes.substr(0, bytes.size() - identifier_size);
  return {.token = std::string(field.substr(0, field.find_last_not_of('\0') + 1)),
          .identifier = static_cast<std::uint16_t>(byte(2) << 8 | byte(1))};
}

}  // namespace berth::doors::tcp
