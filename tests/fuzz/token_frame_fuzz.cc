// SPDX-License-Identifier: Apache-2.0
// The frame of a service in mode `token`, of any token_length. Beyond not crashing: nothing of the frame is lost or
// made up, so two clients reach the same instance only if they sent the same bytes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "doors/tcp/token_frame.h"

namespace {

using namespace berth::doors::tcp;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string frame_of(const TokenFrame& frame, std::size_t token_length) {
  std::string bytes = frame.token;
  bytes.resize(token_length, '\0');
  bytes += static_cast<char>(frame.identifier >> 8);
  bytes += static_cast<char>(frame.identifier & 0xff);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size <= identifier_size) {
    return 0;
  }
  const std::string_view sent(reinterpret_cast<const char*>(bytes), size);
  const TokenFrame frame = read_token_frame(sent);
  demand(frame.token.empty() || frame.token.back() != '\0');
  demand(frame_of(frame, size - identifier_size) == sent);
  demand(frame.is_reset() == sent.ends_with(std::string_view("\0\0", 2)));
  return 0;
}
