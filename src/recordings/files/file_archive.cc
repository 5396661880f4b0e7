// SPDX-License-Identifier: Apache-2.0
#include "recordings/files/file_archive.h"

#include <functional>
#include <optional>
#include <utility>

namespace berth::recordings::files {
namespace {

// For what gives nothing back.
async::Task<> run(async::BlockingPool& pool, std::function<void()> work) {
  co_await pool.run<bool>([work = std::move(work)] {
    work();
    return true;
  });
}

}  // namespace

async::Task<> FileArchive::begin(core::RecordingHead head) {
  co_await run(pool_, [folder = folder_, head = std::move(head)] { folder.begin(head); });
}

async::Task<core::RecordingState> FileArchive::resume(RecordingId id) {
  co_return co_await pool_.run<core::RecordingState>([folder = folder_, id] { return folder.resume(id); });
}

async::Task<> FileArchive::append(RecordingId id, std::vector<core::RecordedMoment> moments) {
  co_await run(
      pool_, [folder = folder_, id, moments = std::move(moments)]() mutable { folder.append(id, std::move(moments)); });
}

async::Task<core::RecordingSummary> FileArchive::finish(RecordingId id, bool truncated) {
  co_return co_await pool_.run<core::RecordingSummary>(
      [folder = folder_, id, truncated] { return folder.finish(id, truncated); });
}

async::Task<> FileArchive::settle(RecordingId id) {
  co_await run(pool_, [folder = folder_, id] { folder.settle(id); });
}

async::Task<> FileArchive::read(RecordingId id, bool truncated, Sink sink) {
  using Source = std::shared_ptr<CastSource>;  // shared: with work that outlives a cancelled reader
  const auto source =
      co_await pool_.run<Source>([folder = folder_, id, truncated]() -> Source { return folder.open(id, truncated); });
  for (;;) {
    auto piece = co_await pool_.run<std::optional<std::string>>([source] { return source->next(); });
    if (!piece) {
      co_return;
    }
    if (!piece->empty()) {
      co_await sink(std::move(*piece));
    }
  }
}

async::Task<> FileArchive::remove(RecordingId id) {
  co_await run(pool_, [folder = folder_, id] { folder.remove(id); });
}

async::Task<std::vector<core::ArchivedRecording>> FileArchive::list() {
  co_return co_await pool_.run<std::vector<core::ArchivedRecording>>([folder = folder_] { return folder.list(); });
}

}  // namespace berth::recordings::files
