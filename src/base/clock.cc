// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/error.h"

namespace berth {
namespace {

constexpr std::array<std::pair<char, std::int64_t>, 4> duration_units = {
    {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t longest_duration = std::int64_t{3660} * 86400;  // ten years

[[noreturn]] void refuse_duration(std::string_view text) {
  throw Error(ErrorKind::invalid_argument,
              "'" + std::string(text) + "' is not a duration; write for example 90s, 5m, 1h30m or 2d");
}

[[noreturn]] void refuse_time(std::string_view text) {
  throw Error(ErrorKind::invalid_argument,
              "'" + std::string(text) + "' is not a time; write for example 2026-01-31T12:00:00Z");
}

int read_digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (at + count > text.size()) {
    refuse_time(text);
  }
  const auto [end, fault] = std::from_chars(text.data() + at, text.data() + at + count, value);
  if (fault != std::errc{} || end != text.data() + at + count || value < 0) {
    refuse_time(text);
  }
  return value;
}

}  // namespace

std::string format_time(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<Milliseconds> clock{time - day};
  std::array<char, 40> buffer{};
  const int length =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {buffer.data(), static_cast<std::size_t>(length)};
}

TimePoint parse_time(std::string_view text) {
  const bool has_fraction = text.size() == 24;
  if ((!has_fraction && text.size() != 20) || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z' || (has_fraction && text[19] != '.')) {
    refuse_time(text);
  }
  const std::chrono::year_month_day date{std::chrono::year{read_digits(text, 0, 4)},
                                         std::chrono::month{static_cast<unsigned>(read_digits(text, 5, 2))},
                                         std::chrono::day{static_cast<unsigned>(read_digits(text, 8, 2))}};
  const int hours = read_digits(text, 11, 2);
  const int minutes = read_digits(text, 14, 2);
  const int seconds = read_digits(text, 17, 2);
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 59) {
    refuse_time(text);
  }
  return std::chrono::sys_days{date} + std::chrono::hours{hours} + std::chrono::minutes{minutes} + Seconds{seconds} +
         Milliseconds{has_fraction ? read_digits(text, 20, 3) : 0};
}

Seconds parse_duration(std::string_view text) {
  std::int64_t total = 0;
  std::string_view rest = text;
  std::size_t next_unit = 0;
  if (rest.empty()) {
    refuse_duration(text);
  }
  while (!rest.empty()) {
    std::int64_t amount = 0;
    const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), amount);
    if (fault != std::errc{} || amount < 0 || amount > longest_duration) {
      refuse_duration(text);
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty()) {
      if (next_unit != 0) {
        refuse_duration(text);
      }
      return Seconds{amount};
    }
    while (next_unit < duration_units.size() && duration_units[next_unit].first != rest.front()) {
      ++next_unit;
    }
    if (next_unit == duration_units.size()) {
      refuse_duration(text);
    }
    total += amount * duration_units[next_unit].second;
    ++next_unit;
    rest.remove_prefix(1);
    if (total > longest_duration) {
      refuse_duration(text);
    }
  }
  return Seconds{total};
}

std::string format_duration(Seconds duration) {
  std::string text;
  std::int64_t rest = duration.count();
  for (const auto& [unit, length] : duration_units) {
    if (rest >= length) {
      text += std::to_string(rest / length) + unit;
      rest %= length;
    }
  }
  return text.empty() ? "0s" : text;
}

}  // namespace berth
