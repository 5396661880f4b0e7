// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace berth {

using Seconds = std::chrono::seconds;
using Milliseconds = std::chrono::milliseconds;
// A moment of wall-clock time, kept to the millisecond.
using TimePoint = std::chrono::sys_time<Milliseconds>;

// Where the time comes from. Injected, so that leases, retries and limits are tested without sleeping.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()); }
};

// A clock that stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = TimePoint{std::chrono::hours{24 * 365 * 50}}) : now_(start) {}
  TimePoint now() const override { return now_; }
  void advance(Milliseconds by) { now_ += by; }

 private:
  TimePoint now_;
};

// "2026-01-31T12:00:00.000Z" (RFC 3339, UTC, always milliseconds).
std::string format_time(TimePoint time);
// The reverse; throws Error{invalid_argument} on anything but that form (the fraction may be left out).
TimePoint parse_time(std::string_view text);

// "90s", "5m", "1h30m", "2d"; also a bare number of seconds. Throws Error{invalid_argument}.
Seconds parse_duration(std::string_view text);
// The shortest form that parse_duration reads back: "1h30m".
std::string format_duration(Seconds duration);

}  // namespace berth
