// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "base/bytes.h"
#include "core/agent_links.h"
#include "core/instance.h"
#include "core/journal.h"
#include "core/recorded_session.h"
#include "core/recording.h"

namespace berth::core {

struct RecordingLimits {
  Bytes largest = 64_MiB;        // of one recording, before it is compressed
  Seconds kept{90 * 24 * 3600};  // after its end
};

// Records terminals from their opening to their end, on from where a berthd before this one left them, whoever looks
// on. Lives as long as the server; its tasks are in `tasks`, and cancelling them leaves recordings for the next start.
class Recorder {
 public:
  struct Surroundings {
    Journal& journal;
    AgentLinks& links;
    RecordingArchive& archive;
    const Clock& clock;
    async::TaskGroup& tasks;
    RecordingLimits limits;
    std::function<void(const std::string&)> log;
  };
  explicit Recorder(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}

  // Records a terminal that was just opened; `view` sees it from its first byte. Returns when the recording has its
  // row. A full disk costs the recording, not the terminal; throws what the store throws.
  async::Task<> begin(Instance instance, wire::OpenSession request, std::unique_ptr<SessionView> view);
  // Goes on with what was left unfinished, and removes what is too old, now and every ten minutes. Until cancelled.
  async::Task<> run();
  // The same once.
  async::Task<> tidy();
  bool records(const RecordingId& id) const { return under_way_.contains(id); }

 private:
  async::Task<> record(Recording recording, std::unique_ptr<SessionView> view, RecordingState state);
  async::Task<> follow_to_end(RecordedSession& session, const Recording& recording, std::unique_ptr<SessionView> view,
                              bool& cut);
  async::Task<std::unique_ptr<SessionView>> find_again(const Recording& recording, std::uint64_t offset);
  async::Task<> resume(Recording recording);
  async::Task<> finish(Recording recording, bool truncated);
  async::Task<> note_end(Recording recording, const RecordingSummary& summary);
  async::Task<> tidy_some(std::vector<ArchivedRecording> some);
  async::Task<> forget_old();
  async::Task<> take_up(RecordingId id);
  async::Task<> end_without_cast(const std::vector<ArchivedRecording>& list);

  Surroundings surroundings_;
  std::set<RecordingId> under_way_;
};

}  // namespace berth::core
