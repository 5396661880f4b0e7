// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace berth::cli {

// Where we are in the output of a session, over any number of connections. Pure arithmetic.
class OutputPosition {
 public:
  // Half of what the server wants an acknowledgement for, so that it never waits for one.
  static constexpr std::uint64_t acknowledge_every = 32 * 1024;

  explicit OutputPosition(std::uint64_t offset = 0) : received_(offset), written_(offset), acknowledged_(offset) {}

  // The offset to ask for on the next connection.
  std::uint64_t received() const { return received_; }
  bool all_written() const { return written_ == received_; }
  // The server goes on from `offset`. Returns how many bytes are lost for good (it no longer keeps them).
  std::uint64_t attached(std::uint64_t offset);
  // Output arrived. Returns the part of it that is new.
  std::string_view arrived(std::string_view output);
  // `count` more bytes were written out. Returns an offset to acknowledge when it is time.
  std::optional<std::uint64_t> wrote(std::uint64_t count);
  // What may be acknowledged right now, due or not.
  std::uint64_t acknowledge();

 private:
  std::uint64_t received_;
  std::uint64_t written_;
  std::uint64_t acknowledged_;
  std::uint64_t repeated_ = 0;  // bytes the server will send again
};

}  // namespace berth::cli
