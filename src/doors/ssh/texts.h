// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace berth::doors::ssh {

// "2 hours", "59 minutes", "40 seconds": rounded down.
std::string about(Seconds time);

// A session's number as the API and the console write it.
std::string session_text(std::uint32_t session);

// The ID of "attach ID", empty for "attach" alone; nothing when the command is another one.
std::optional<std::string> attach_command(std::string_view command);

// Tells once when 5 minutes are left and once when 1 minute is, and again when the end has moved.
class LeaseWarning {
 public:
  // The time left of which a warning is due; what is short at the first look is no news.
  std::optional<Seconds> due(TimePoint end, TimePoint now);
  // How long nothing can become due.
  Milliseconds pause(TimePoint now) const;

 private:
  std::optional<TimePoint> end_;
  std::size_t told_ = 0;  // how many of the marks
};

}  // namespace berth::doors::ssh
