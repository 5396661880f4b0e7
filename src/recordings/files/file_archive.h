// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "async/blocking_pool.h"
#include "core/recording_archive.h"
#include "recordings/files/folder.h"

namespace berth::recordings::files {

// Keeps recordings as files in one folder, compressed once they have ended. Lives as long as the server; what was begun
// is written to its end even when the caller is cancelled.
class FileArchive final : public core::RecordingArchive {
 public:
  // The folder exists.
  explicit FileArchive(std::filesystem::path folder) : folder_(std::move(folder)) {}

  async::Task<> begin(core::RecordingHead head) override;
  async::Task<core::RecordingState> resume(RecordingId id) override;
  async::Task<> append(RecordingId id, std::vector<core::RecordedMoment> moments) override;
  async::Task<core::RecordingSummary> finish(RecordingId id, bool truncated) override;
  async::Task<> settle(RecordingId id) override;
  async::Task<> read(RecordingId id, bool truncated, Sink sink) override;
  async::Task<> remove(RecordingId id) override;
  async::Task<std::vector<core::ArchivedRecording>> list() override;

 private:
  Folder folder_;
  async::BlockingPool pool_{2};  // one may be compressing while others are appended to
};

}  // namespace berth::recordings::files
