// SPDX-License-Identifier: Apache-2.0
#include "agent/standard_streams.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace berth::agent {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_signal(int /*number*/) { interrupted = 1; }

}  // namespace

void interrupt_reading_on_signals() {
  struct sigaction action{};
  action.sa_handler = note_signal;  // without SA_RESTART: a read that waits returns
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
    ::sigaction(number, &action, nullptr);
  }
}

ssize_t read_input(char* into, std::size_t most) {
  while (interrupted == 0) {
    const ssize_t count = ::read(STDIN_FILENO, into, most);
    if (interrupted == 0 && (count >= 0 || errno != EINTR)) {
      return count;
    }
  }
  errno = ECANCELED;
  return -1;
}

}  // namespace berth::agent
