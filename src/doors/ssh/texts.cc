// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/texts.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace berth::doors::ssh {
namespace {

constexpr std::array marks = {Seconds{300}, Seconds{60}};
constexpr Milliseconds longest_pause{60'000};  // an extension or a shorter end is seen by then

std::string counted(std::int64_t number, const char* unit) {
  return std::to_string(number) + " " + unit + (number == 1 ? "" : "s");
}

}  // namespace

std::string about(Seconds time) {
  const std::int64_t seconds = std::max<std::int64_t>(time.count(), 0);
  if (seconds < 120) {
    return counted(seconds, "second");
  }
  if (seconds < 2 * 3600) {
    return counted(seconds / 60, "minute");
  }
  return seconds < 48 * 3600 ? counted(seconds / 3600, "hour") : counted(seconds / 86'400, "day");
}

std::string session_text(std::uint32_t session) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", session);
  return text.data();
}

std::optional<std::string> attach_command(std::string_view command) {
  constexpr std::string_view word = "attach";
  if (!command.starts_with(word)) {
    return std::nullopt;
  }
  command.remove_prefix(word.size());
  if (!command.empty() && command.front() != ' ') {
    return std::nullopt;
  }
  command.remove_prefix(std::min(command.find_first_not_of(' '), command.size()));
  const bool is_id = command.empty() ||
                     (command.size() == 8 && command.find_first_not_of("0123456789abcdef") == std::string_view::npos);
  return is_id ? std::optional<std::string>(command) : std::nullopt;
}

std::optional<Seconds> LeaseWarning::due(TimePoint end, TimePoint now) {
  const auto left = std::chrono::round<Seconds>(end - now);
  const auto passed =
      static_cast<std::size_t>(std::ranges::count_if(marks, [&](Seconds mark) { return left <= mark; }));
  if (end_ != end) {
    end_ = end;
    told_ = passed;
    return std::nullopt;
  }
  if (passed <= told_) {
    return std::nullopt;
  }
  told_ = passed;
  return left;
}

Milliseconds LeaseWarning::pause(TimePoint now) const {
  if (!end_ || told_ == marks.size()) {
    return longest_pause;
  }
  return std::clamp(Milliseconds(*end_ - now - marks.at(told_)), Milliseconds{100}, longest_pause);
}

}  // namespace berth::doors::ssh
