// SPDX-License-Identifier: Apache-2.0
#include "core/recorder.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "async/always.h"
#include "async/time_limit.h"
#include "core/plain_text.h"
#include "core/searchable_words.h"

namespace berth::core {
namespace {

constexpr Milliseconds tidy_every{600'000};
constexpr Milliseconds retry_every{1000};
constexpr std::size_t longest_title = 200;
constexpr std::size_t at_once = 100;  // rows in a transaction

std::string title_of(const Instance& instance, const wire::OpenSession& request) {
  std::string title = instance.name + ":";
  for (const std::string& word : request.command) {
    title += " " + word;
  }
  return plain_text((request.command.empty() ? title + " shell" : title).substr(0, longest_title));
}

struct UnderWay {
  std::set<RecordingId>& all;
  RecordingId id;
  ~UnderWay() { all.erase(id); }
};

}  // namespace

async::Task<> Recorder::begin(Instance instance, wire::OpenSession request, std::unique_ptr<SessionView> view) {
  const Recording recording{.id = RecordingId(random_name(16)),
                            .account = instance.account,
                            .instance = instance.id,
                            .session = view->session(),
                            .title = title_of(instance, request),
                            .policy = instance.recording,
                            .began_at = surroundings_.clock.now(),
                            .ended_at = {},
                            .share_hash = {}};
  under_way_.insert(recording.id);
  bool begun = false;
  std::exception_ptr fault;
  try {
    co_await surroundings_.journal.transact([&](Transaction& transaction) {
      transaction.put_recording(recording);
      transaction.set_recording_words(recording.id, searchable_words(recording.title));
    });
    begun = true;
    co_await surroundings_.archive.begin({recording.id, recording.title, recording.began_at, request.size});
  } catch (const Error& error) {
    fault = std::current_exception();
    surroundings_.log("recording " + recording.id.text() + " could not be begun: " + error.what());
  }
  if (!fault) {
    surroundings_.tasks.spawn(record(recording, std::move(view), {}));
    co_return;
  }
  under_way_.erase(recording.id);
  if (!begun) {
    std::rethrow_exception(fault);
  }
  Recording cut = recording;
  cut.truncated = true;
  co_await note_end(std::move(cut), {});
}

async::Task<> Recorder::record(Recording recording, std::unique_ptr<SessionView> view, RecordingState state) {
  bool cut = false;
  {
    RecordedSession session(surroundings_.archive, surroundings_.clock, surroundings_.tasks.executor(), recording.id,
                            recording.began_at, state, surroundings_.limits.largest);
    const auto flush = [](Recorder& recorder, RecordedSession& last) -> async::Task<> {
      try {
        co_await last.flush();
      } catch (const Error& error) {
        recorder.surroundings_.log(std::string("recording: ") + error.what());
      }
    };
    co_await async::always(follow_to_end(session, recording, std::move(view), cut), flush(*this, session));
  }
  co_await finish(std::move(recording), cut);
}

async::Task<> Recorder::follow_to_end(RecordedSession& session, const Recording& recording,
                                      std::unique_ptr<SessionView> view, bool& cut) {
  for (;;) {
    if (!view) {
      view = co_await find_again(recording, session.offset());
    }
    if (!view) {
      co_return;
    }
    const RecordedSession::End end = co_await session.follow(*view);
    view.reset();
    if (end != RecordedSession::End::lost) {
      cut = end == RecordedSession::End::cut;
      co_return;
    }
  }
}

// A viewer of the recording's session, as soon as there can be one; nothing when the session is over.
async::Task<std::unique_ptr<SessionView>> Recorder::find_again(const Recording& recording, std::uint64_t offset) {
  for (;;) {
    const auto instance = co_await surroundings_.journal.transact(
        [&](Transaction& transaction) { return transaction.find_instance(recording.instance); });
    if (!instance || (instance->state != InstanceState::running && instance->state != InstanceState::asleep)) {
      co_return nullptr;
    }
    try {
      const auto link = co_await surroundings_.links.of(recording.instance);
      auto view = link->attach(recording.session, offset);
      view->record();
      co_return view;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::not_found) {
        co_return nullptr;
      }
    }
    co_await async::pause_for(retry_every);
  }
}

async::Task<> Recorder::finish(Recording recording, bool truncated) {
  const UnderWay until_the_end{under_way_, recording.id};
  recording.truncated = truncated;
  std::optional<Error> fault;
  RecordingSummary summary;
  try {
    summary = co_await surroundings_.archive.finish(recording.id, truncated);
  } catch (const Error& error) {
    fault = error;
  }
  if (fault && fault->kind() == ErrorKind::not_found && recording.ended_at) {
    co_return;  // it was settled since we looked
  }
  if (fault) {  // what there is can be read; tidy() tries again
    surroundings_.log("recording " + recording.id.text() + ": " + fault->what());
    recording.truncated = true;
    summary.duration = std::chrono::ceil<Seconds>(surroundings_.clock.now() - recording.began_at);
    summary.words = searchable_words(recording.title);
  }
  co_await note_end(recording, summary);
  if (!fault) {
    co_await surroundings_.archive.settle(recording.id);
  }
}

async::Task<> Recorder::note_end(Recording recording, const RecordingSummary& summary) {
  const bool news = !recording.ended_at;
  recording.ended_at = recording.ended_at.value_or(surroundings_.clock.now());
  recording.size = summary.size;
  recording.duration = summary.duration;
  std::vector<std::string> words = summary.words;
  std::ranges::copy(searchable_words(recording.title), std::back_inserter(words));
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    const auto now = transaction.find_recording(recording.id);
    if (!now) {
      return;
    }
    recording.share_hash = now->share_hash;
    transaction.put_recording(recording);
    transaction.set_recording_words(recording.id, words);
    if (news) {
      transaction.append_event(
          Event{.type = EventType::recording_ended,
                .at = *recording.ended_at,
                .account = recording.account,
                .instance = recording.instance,
                .image = {},
                .detail = "a terminal was recorded" + std::string(recording.truncated ? ", but not to its end" : "")});
    }
  });
}

async::Task<> Recorder::run() {
  for (;;) {
    try {
      co_await tidy();
    } catch (const Error& error) {
      surroundings_.log(std::string("recordings: ") + error.what());
    }
    co_await async::pause_for(tidy_every);
  }
}

async::Task<> Recorder::tidy() {
  const std::vector<ArchivedRecording> list = co_await surroundings_.archive.list();
  co_await end_without_cast(list);
  for (auto rest = std::span(list); !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), at_once));
    rest = rest.subspan(some.size());
    co_await tidy_some({some.begin(), some.end()});
  }
  co_await forget_old();
}

async::Task<> Recorder::tidy_some(std::vector<ArchivedRecording> some) {
  const auto unknown = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    std::set<RecordingId> ids;
    for (const ArchivedRecording& archived : some) {
      if (!transaction.find_recording(archived.id)) {
        ids.insert(archived.id);
      }
    }
    return ids;
  });
  for (const ArchivedRecording& archived : some) {
    if (under_way_.contains(archived.id)) {
      continue;
    }
    if (unknown.contains(archived.id)) {
      co_await surroundings_.archive.remove(archived.id);
    } else if (!archived.settled) {
      co_await take_up(archived.id);
    }
  }
}

// One that is begun but not settled, and that nobody records.
async::Task<> Recorder::take_up(RecordingId id) {
  auto recording =
      co_await surroundings_.journal.transact([&](Transaction& transaction) { return transaction.find_recording(id); });
  if (!recording || !under_way_.insert(id).second) {
    co_return;
  }
  if (recording->ended_at) {
    surroundings_.tasks.spawn(finish(*recording, recording->truncated));
  } else {
    surroundings_.tasks.spawn(resume(std::move(*recording)));
  }
}

async::Task<> Recorder::resume(Recording recording) {
  std::optional<RecordingState> state;
  try {
    state = co_await surroundings_.archive.resume(recording.id);
  } catch (const Error& error) {
    surroundings_.log("recording " + recording.id.text() + ": " + error.what());
  }
  if (!state) {
    co_return co_await finish(std::move(recording), true);
  }
  co_return co_await record(std::move(recording), nullptr, *state);
}

// Rows whose recording was never begun in the archive, or is lost there.
async::Task<> Recorder::end_without_cast(const std::vector<ArchivedRecording>& list) {
  std::set<RecordingId> archived;
  for (const ArchivedRecording& each : list) {
    archived.insert(each.id);
  }
  const auto unended = co_await surroundings_.journal.transact(
      [](Transaction& transaction) { return transaction.list_recordings({.unended = true, .limit = 0}); });
  for (const Recording& recording : unended) {
    if (!archived.contains(recording.id) && !under_way_.contains(recording.id)) {
      Recording cut = recording;
      cut.truncated = true;
      co_await note_end(std::move(cut), {});
    }
  }
}

async::Task<> Recorder::forget_old() {
  const TimePoint before = surroundings_.clock.now() - surroundings_.limits.kept;
  for (std::size_t count = at_once; count == at_once;) {
    const auto old = co_await surroundings_.journal.transact([&](Transaction& transaction) {
      auto list = transaction.list_recordings({.ended_before = before, .limit = at_once});
      for (const Recording& recording : list) {
        transaction.remove_recording(recording.id);
      }
      return list;
    });
    for (const Recording& recording : old) {
      co_await surroundings_.archive.remove(recording.id);
    }
    count = old.size();
  }
}

}  // namespace berth::core
