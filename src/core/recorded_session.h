// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "async/task.h"
#include "async/trigger.h"
#include "base/clock.h"
#include "core/recording_archive.h"
#include "core/session_view.h"

namespace berth::core {

// Carries what one terminal shows into one recording: takes everything at once, as the quickest of viewers, and writes
// it at least every half second. Lives as long as the recording goes on; after a cancelled follow(), flush() writes
// what was taken last.
class RecordedSession {
 public:
  enum class End {
    exited,  // the program ended, or its session was closed
    cut,     // the recording is as large as it may be, or cannot be written
    lost,    // the link failed; the session may still be there
  };

  RecordedSession(RecordingArchive& archive, const Clock& clock, const async::Executor& executor, RecordingId id,
                  TimePoint began_at, RecordingState state, Bytes largest);

  async::Task<End> follow(SessionView& view);
  async::Task<> flush();
  // Up to where the output was taken.
  std::uint64_t offset() const { return state_.offset; }

 private:
  async::Task<> collect(SessionView& view);
  async::Task<End> take_items(SessionView& view);
  async::Task<> write();
  void take(SessionOutput output);
  void add(std::variant<RecordedOutput, RecordedGap, wire::WindowSize> what, std::size_t bytes);

  RecordingArchive& archive_;
  const Clock& clock_;
  RecordingId id_;
  TimePoint began_at_;
  RecordingState state_;
  Bytes largest_;
  std::vector<RecordedMoment> pending_;
  std::size_t pending_bytes_ = 0;
  bool collecting_ = false;
  End end_ = End::exited;
  async::Trigger changed_;  // there is something to write, or room for more
  async::Trigger urgent_;   // it must not wait
};

}  // namespace berth::core
