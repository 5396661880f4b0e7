// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "core/recording_policy.h"

namespace berth::core {

// What a terminal showed, from its opening to its end. The row; the cast itself is in the RecordingArchive.
struct Recording {
  RecordingId id;
  AccountId account;  // whose: the instance's
  InstanceId instance;
  std::uint32_t session = 0;
  std::string title;
  RecordingPolicy policy;  // the instance's when it began
  TimePoint began_at;
  std::optional<TimePoint> ended_at;  // none: goes on
  Bytes size;                         // of the cast; both once it has ended
  Seconds duration{};
  bool truncated = false;                 // it ended before the terminal did
  std::optional<std::string> share_hash;  // hash_token() of the secret that shows it to anybody
};

struct RecordingFilter {
  std::optional<AccountId> account;
  std::optional<InstanceId> instance;
  // Each is the beginning of a word of it or, of a single byte, a whole one: that is the beginning of too many.
  std::vector<std::string> words;
  bool unended = false;                   // only those that go on
  std::optional<TimePoint> ended_before;  // only those that had ended then
  std::optional<std::string> before;      // cursor: id of the last recording of the page before
  std::size_t limit = 50;                 // 0: no limit
};

}  // namespace berth::core
