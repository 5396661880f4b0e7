// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/recording_archive.h"

namespace berth::recordings::files {

// A cast that is being read.
class CastSource {
 public:
  virtual ~CastSource() = default;
  // Nothing: the end.
  virtual std::optional<std::string> next() = 0;
};

// The folder with the files of all recordings: ID.log while one goes on and until it is settled, then ID.cast.zst. What
// RecordingArchive does, blocking; for the threads of a pool, and never two at once on one recording but to read.
class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}

  void begin(const core::RecordingHead& head) const;
  core::RecordingState resume(const RecordingId& id) const;
  void append(const RecordingId& id, std::vector<core::RecordedMoment> moments) const;
  core::RecordingSummary finish(const RecordingId& id, bool truncated) const;
  void settle(const RecordingId& id) const;
  std::unique_ptr<CastSource> open(const RecordingId& id, bool truncated) const;
  void remove(const RecordingId& id) const;
  std::vector<core::ArchivedRecording> list() const;

 private:
  std::filesystem::path log(const RecordingId& id) const { return path_ / (id.text() + ".log"); }
  std::filesystem::path cast(const RecordingId& id) const { return path_ / (id.text() + ".cast.zst"); }

  std::filesystem::path path_;
};

}  // namespace berth::recordings::files
