// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>

namespace berth::cli {
namespace {

// What a signal handler needs; only tcsetattr, sigaction and raise happen there, which are safe.
constexpr std::array<int, 5> crashes = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
std::array<struct sigaction, crashes.size()> previous_actions;
volatile std::sig_atomic_t raw_descriptor = -1;
termios saved_settings;
constexpr std::array<int, 3> endings = {SIGHUP, SIGINT, SIGTERM};
volatile std::sig_atomic_t interrupted_by = 0;

void restore_after_crash(int signal) {
  if (raw_descriptor >= 0) {
    ::tcsetattr(raw_descriptor, TCSANOW, &saved_settings);
  }
  for (std::size_t index = 0; index < crashes.size(); ++index) {
    if (crashes[index] == signal) {
      ::sigaction(signal, &previous_actions[index], nullptr);
    }
  }
  ::raise(signal);
}

}  // namespace

wire::WindowSize terminal_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {std::min<std::uint16_t>(size.ws_col, 1000), std::min<std::uint16_t>(size.ws_row, 1000)};
}

RawMode::RawMode(int descriptor) : descriptor_(descriptor) {
  if (::tcgetattr(descriptor, &saved_settings) != 0) {
    return;
  }
  raw_descriptor = descriptor;
  struct sigaction action{};
  action.sa_handler = restore_after_crash;
  for (std::size_t index = 0; index < crashes.size(); ++index) {
    ::sigaction(crashes[index], &action, &previous_actions[index]);
  }
  termios raw = saved_settings;
  ::cfmakeraw(&raw);
  on_ = ::tcsetattr(descriptor, TCSANOW, &raw) == 0;
}

void RawMode::restore() {
  if (raw_descriptor < 0 || raw_descriptor != descriptor_) {
    return;
  }
  ::tcsetattr(descriptor_, TCSANOW, &saved_settings);
  for (std::size_t index = 0; index < crashes.size(); ++index) {
    ::sigaction(crashes[index], &previous_actions[index], nullptr);
  }
  raw_descriptor = -1;
  on_ = false;
}

HiddenTyping::HiddenTyping(int descriptor) : descriptor_(descriptor) {
  if (::tcgetattr(descriptor, &shown_) != 0) {
    return;
  }
  interrupted_by = 0;
  struct sigaction action{};
  action.sa_handler = [](int number) { interrupted_by = number; };
  for (std::size_t index = 0; index < endings.size(); ++index) {
    ::sigaction(endings[index], &action, &previous_[index]);
  }
  termios hidden = shown_;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(descriptor, TCSANOW, &hidden);
  on_ = true;
}

HiddenTyping::~HiddenTyping() {
  if (!on_) {
    return;
  }
  ::tcsetattr(descriptor_, TCSANOW, &shown_);
  for (std::size_t index = 0; index < endings.size(); ++index) {
    ::sigaction(endings[index], &previous_[index], nullptr);
  }
  if (interrupted_by != 0) {
    ::raise(interrupted_by);
  }
}

}  // namespace berth::cli
