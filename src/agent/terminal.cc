// SPDX-License-Identifier: Apache-2.0
#include "agent/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"

namespace berth::agent {
namespace {

[[noreturn]] void refuse() {
  const bool full = errno == EMFILE || errno == ENFILE || errno == ENOSPC || errno == ENOMEM;
  throw Error(full ? ErrorKind::exhausted : ErrorKind::unavailable,
              "cannot open a pseudo terminal: " + std::string(std::strerror(errno)));
}

}  // namespace

Terminal open_terminal(const wire::WindowSize& size, uid_t owner) {
  Terminal terminal{.ours = Descriptor(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)), .program = {}};
  int unlocked = 0;
  if (!terminal.ours || ::ioctl(terminal.ours.get(), TIOCSPTLCK, &unlocked) != 0) {
    refuse();
  }
  // Not by its name: that could be another terminal's by now, or whatever the instance's root mounted there.
  terminal.program = Descriptor(::ioctl(terminal.ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.program) {
    refuse();
  }
  (void)!::fchown(terminal.program.get(), owner, static_cast<gid_t>(-1));  // fails without rights, which does no harm
  termios settings{};
  if (::tcgetattr(terminal.program.get(), &settings) == 0) {
    settings.c_iflag |= IUTF8;  // so that erasing a character erases all of its bytes
    ::tcsetattr(terminal.program.get(), TCSANOW, &settings);
  }
  resize_terminal(terminal.ours.get(), size);
  return terminal;
}

void resize_terminal(int terminal, const wire::WindowSize& size) {
  const winsize window{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(terminal, TIOCSWINSZ, &window);
}

char end_of_file_character(int terminal) {
  termios settings{};
  return ::tcgetattr(terminal, &settings) == 0 ? static_cast<char>(settings.c_cc[VEOF]) : '\x04';
}

}  // namespace berth::agent
