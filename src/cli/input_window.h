// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace berth::cli {

// Input on its way into a session, over any number of connections: what may be sent now, and what must be sent again
// after a reconnect. Holds at most `limit` bytes and one chunk. Pure arithmetic.
class InputWindow {
 public:
  static constexpr std::size_t limit = 256 * 1024;  // sent and not taken
  static constexpr std::size_t longest_message = 32 * 1024;

  // `sole_writer`: nobody else types into the session, so that its count tells what of ours arrived.
  explicit InputWindow(bool sole_writer) : sole_writer_(sole_writer) {}

  // A connection begins, and the session has taken `taken` bytes of input. Returns false when it cannot be known what
  // of ours arrived.
  bool attached(std::uint64_t taken);
  void push(std::string_view input) { kept_ += input; }
  void taken(std::uint64_t taken);
  // The next bytes to send, empty when there are none or the window is full. They count as sent.
  std::string next();
  bool all_sent() const { return sent_ == kept_.size(); }

 private:
  bool sole_writer_;
  bool started_ = false;
  std::uint64_t base_ = 0;  // the session's count at the front of kept_
  std::string kept_;        // not known to be taken
  std::size_t sent_ = 0;    // of kept_, on this connection
};

}  // namespace berth::cli
