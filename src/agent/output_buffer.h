// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "wire/agent_protocol.h"

namespace berth::agent {

// The output of one session: bytes tagged with their stream, at offsets that count from its start.
// Holds what the host did not acknowledge (at most wire::output_window) and the last wire::scrollback_window bytes.
class OutputBuffer {
 public:
  struct Piece {
    wire::Stream stream = wire::Stream::none;
    std::string_view bytes;  // valid until the next append or acknowledge
  };

  // How many bytes may be appended now; 0: the program has to wait for an acknowledgement.
  std::size_t room() const;
  // At most room() bytes.
  void append(wire::Stream stream, std::string_view bytes);
  // Everything before `offset` arrived. Throws Error{invalid_argument} for an offset past the end.
  void acknowledge(std::uint64_t offset);
  // Bytes of one stream from `offset` on, at most wire::max_payload; empty at the end. `offset` must be retained.
  Piece at(std::uint64_t offset) const;

  std::uint64_t retained_from() const { return segments_.empty() ? end_ : segments_.front().start; }
  std::uint64_t end() const { return end_; }

 private:
  struct Segment {
    wire::Stream stream = wire::Stream::none;
    std::uint64_t start = 0;
    std::string bytes;
    std::uint64_t end() const { return start + bytes.size(); }
  };

  std::deque<Segment>::const_iterator segment_at(std::uint64_t offset) const;
  void trim();

  std::deque<Segment> segments_;
  std::uint64_t end_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace berth::agent
