// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace berth::cli {

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    // U+0080 to U+009F, in UTF-8 C2 80 to C2 9F, are control characters too.
    const bool second_set = byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || second_set) {
      clean += '?';
      at += second_set ? 1 : 0;
    } else {
      clean += text[at];
    }
  }
  return clean;
}

std::size_t text_width(std::string_view text) {
  std::size_t width = 0;
  for (const char character : text) {
    width += (static_cast<unsigned char>(character) & 0xC0) != 0x80 ? 1 : 0;
  }
  return width;
}

std::string relative_time(TimePoint time, TimePoint now) {
  constexpr std::array<std::pair<std::int64_t, char>, 4> units = {{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  const auto away = std::chrono::duration_cast<Seconds>(time - now).count();
  const std::int64_t distance = away < 0 ? -away : away;
  for (const auto& [length, name] : units) {
    if (distance >= length) {
      const std::string amount = std::to_string(distance / length) + name;
      return away < 0 ? amount + " ago" : "in " + amount;
    }
  }
  return "now";
}

std::string rough_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  std::array<char, 32> buffer{};
  const auto tenths = static_cast<std::uint64_t>(amount * 10 + 0.5);
  if (tenths % 10 == 0 || tenths >= 1000) {
    std::snprintf(buffer.data(), buffer.size(), "%.0f %s", amount, units[unit]);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%.1f %s", amount, units[unit]);
  }
  return buffer.data();
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody else made the terminal non-blocking; wait for it as a blocking write would.
      pollfd waiting{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&waiting, 1, -1);
    } else if (errno == EPIPE || errno == EIO) {
      return false;
    } else if (errno != EINTR) {
      throw Error(ErrorKind::unavailable, std::string("cannot write the output: ") + std::strerror(errno));
    }
  }
  return true;
}

}  // namespace berth::cli
