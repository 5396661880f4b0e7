// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace berth::agent {

// Cuts what a client sends into packets, in a buffer of fixed size, without copying what arrived whole.
class SftpInput {
 public:
  SftpInput();

  // Where the next bytes may be put, never empty; packets given out before are no longer there. Call it when next() has
  // none, then tell how many were put.
  std::span<char> space();
  void received(std::size_t count) { end_ += count; }
  // The next whole packet, without its length. Throws Error{invalid_argument} if the length is none a packet can have.
  std::optional<std::string_view> next();
  // Whether a part of a packet is there.
  bool is_amid_packet() const { return begin_ < end_; }

 private:
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = 0;  // the size of the packet at begin_ as far as it is known
};

}  // namespace berth::agent
