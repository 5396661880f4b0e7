// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

#include <array>
#include <csignal>

#include "wire/agent_protocol.h"

namespace berth::cli {

// The size of a terminal, 80 × 24 where it cannot be told.
wire::WindowSize terminal_size(int descriptor);

// Puts a terminal into raw mode for as long as it lives. The terminal comes back also when the program crashes; at most
// one at a time.
class RawMode {
 public:
  // Does nothing when `descriptor` is not a terminal.
  explicit RawMode(int descriptor);
  ~RawMode() { restore(); }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

  bool on() const { return on_; }
  void restore();

 private:
  int descriptor_;
  bool on_ = false;
};

// What is typed is not shown for as long as it lives. A signal to end us interrupts reading, and does its work when the
// terminal is back. Does nothing when `descriptor` is not a terminal.
class HiddenTyping {
 public:
  explicit HiddenTyping(int descriptor);
  ~HiddenTyping();
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  int descriptor_;
  bool on_ = false;
  termios shown_{};
  std::array<struct sigaction, 3> previous_{};
};

}  // namespace berth::cli
