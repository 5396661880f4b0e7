// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "wire/agent_protocol.h"

namespace berth::core {

// What a recording begins with.
struct RecordingHead {
  RecordingId id;
  std::string title;
  TimePoint began_at;
  wire::WindowSize size;
};

struct RecordedOutput {
  std::uint64_t offset = 0;  // of its first byte in the terminal's output
  std::string bytes;
};
// So much output was lost before it could be recorded.
struct RecordedGap {
  std::uint64_t offset = 0;
  std::uint64_t missing = 0;
};
struct RecordedMoment {
  Milliseconds at{};  // since the beginning, never falling
  std::variant<RecordedOutput, RecordedGap, wire::WindowSize> what;
};

// How far a recording got that was not finished.
struct RecordingState {
  Milliseconds at{};
  std::uint64_t offset = 0;  // the output is there up to here
  Bytes kept;                // what the archive holds of it
};

struct RecordingSummary {
  Bytes size;  // of the cast
  Seconds duration{};
  std::vector<std::string> words;  // of core/searchable_words.h
};

struct ArchivedRecording {
  RecordingId id;
  bool settled = false;
};

// Where casts are kept. Each recording is begun, appended to, finished and settled; what is appended outlives the
// program when append() returns. Unless said otherwise failures are Error{unavailable} with a sentence for the
// operator, an unknown id is Error{not_found}, and everything may be repeated.
class RecordingArchive {
 public:
  using Sink = std::function<async::Task<>(std::string)>;

  virtual ~RecordingArchive() = default;
  virtual async::Task<> begin(RecordingHead head) = 0;
  // Makes a recording ready to be appended to that a program before this one left; nothing of it that is half written
  // stays.
  virtual async::Task<RecordingState> resume(RecordingId id) = 0;
  // All of it or, when it fails, nothing. One at a time for one recording.
  virtual async::Task<> append(RecordingId id, std::vector<RecordedMoment> moments) = 0;
  // Makes the cast, which tells at its end when it was `truncated`.
  virtual async::Task<RecordingSummary> finish(RecordingId id, bool truncated) = 0;
  // The summary was noted: the recording will not be finished again.
  virtual async::Task<> settle(RecordingId id) = 0;
  // The asciicast (version 2) as it is now, piece by piece.
  virtual async::Task<> read(RecordingId id, bool truncated, Sink sink) = 0;
  virtual async::Task<> remove(RecordingId id) = 0;  // unknown: success
  virtual async::Task<std::vector<ArchivedRecording>> list() = 0;
};

}  // namespace berth::core
