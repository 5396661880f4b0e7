// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "cli/terminal.h"
#include "cli/text.h"

namespace berth::cli {

std::string progress_line(const std::string& label, std::optional<double> part, const std::string& tail,
                          std::size_t width) {
  constexpr std::size_t longest_bar = 30;
  std::string line = printable(label);
  if (part) {
    const double bounded = std::clamp(*part, 0.0, 1.0);
    const std::string percent = std::to_string(static_cast<int>(bounded * 100)) + " %";
    const std::size_t others = text_width(line) + percent.size() + tail.size() + 8;
    if (others + 5 <= width) {
      const std::size_t bar = std::min(longest_bar, width - others);
      const auto full = static_cast<std::size_t>(bounded * static_cast<double>(bar));
      line += "  [" + std::string(full, '#') + std::string(bar - full, '-') + "]";
    }
    line += "  " + percent;
  }
  line += tail.empty() ? "" : "  " + tail;
  while (text_width(line) > width) {
    line.pop_back();
  }
  return line;
}

Progress::Progress(int descriptor) : descriptor_(descriptor) {
  const char* kind = std::getenv("TERM");
  on_ = ::isatty(descriptor) == 1 && (kind == nullptr || std::string_view(kind) != "dumb");
}

bool Progress::due() {
  const auto now = SteadyClock::now();
  if (!on_ || now < next_) {
    return false;
  }
  next_ = now + std::chrono::milliseconds{100};
  return true;
}

void Progress::draw(const std::string& line) {
  drawn_ = true;
  write_all(descriptor_, "\r\x1b[K" + line);
}

void Progress::bytes(const std::string& label, std::uint64_t done, std::optional<std::uint64_t> total) {
  if (!due()) {
    return;
  }
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - started_).count();
  std::string tail = rough_size(done);
  if (seconds >= 1) {
    tail += "  " + rough_size(static_cast<std::uint64_t>(static_cast<double>(done) / seconds)) + "/s";
  }
  const std::optional<double> part =
      total && *total > 0 ? std::optional(static_cast<double>(done) / static_cast<double>(*total)) : std::nullopt;
  draw(progress_line(label, part, tail, terminal_size(descriptor_).columns - 1U));
}

void Progress::part(const std::string& label, double part) {
  if (due()) {
    draw(progress_line(label, part, "", terminal_size(descriptor_).columns - 1U));
  }
}

void Progress::words(const std::string& label) {
  if (due()) {
    draw(progress_line(label, std::nullopt, "", terminal_size(descriptor_).columns - 1U));
  }
}

void Progress::clear() {
  if (drawn_) {
    write_all(descriptor_, "\r\x1b[K");
    drawn_ = false;
  }
}

}  // namespace berth::cli
