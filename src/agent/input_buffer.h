// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::agent {

// Input of one session on its way from the host to the program, at offsets that count from its start.
class InputBuffer {
 public:
  // Takes bytes that start at `offset`; those that were received before are skipped. Throws Error{invalid_argument} on
  // a gap, and on more than wire::input_window bytes that the program has not taken.
  void receive(std::uint64_t offset, std::string_view bytes);
  // No more will come.
  void finish() { finished_ = true; }
  // The program reads no more: what waits and what comes counts as taken.
  void discard();

  std::string_view waiting() const { return std::string_view(bytes_).substr(begin_); }
  void take(std::size_t count);

  bool finished() const { return finished_; }
  std::uint64_t received() const { return received_; }
  std::uint64_t taken() const { return received_ - waiting().size(); }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;  // bytes_ before it are taken
  std::uint64_t received_ = 0;
  bool finished_ = false;
  bool discarding_ = false;
};

}  // namespace berth::agent
