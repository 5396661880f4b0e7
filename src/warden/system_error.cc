// SPDX-License-Identifier: Apache-2.0
#include "warden/system_error.h"

#include <unistd.h>

#include <cstring>
#include <string>

namespace berth::warden {

void throw_errno(std::string_view doing, int number) {
  const std::string start = "cannot " + std::string(doing) + ": ";
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      throw Error(ErrorKind::exhausted, start + "the disk of the host is full; free some space or move --data-dir");
    case EMFILE:
    case ENFILE:
      throw Error(ErrorKind::exhausted, start + "too many open files; raise the warden's LimitNOFILE");
    case ENOMEM:
      throw Error(ErrorKind::exhausted, start + "the host has no memory left");
    case ENOSYS:
    case EOPNOTSUPP:
      throw Error(ErrorKind::unavailable, start + "the kernel does not support it; Linux 5.19 or later is needed");
    default:
      throw Error(ErrorKind::internal, start + std::strerror(number));
  }
}

void log_line(std::string_view text) {
  std::string line = "berth-warden: ";
  for (const char character : text.substr(0, 2000)) {
    line += static_cast<unsigned char>(character) < 0x20 ? ' ' : character;
  }
  line += '\n';
  // Nothing can be done about a journal that does not take it.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace berth::warden
