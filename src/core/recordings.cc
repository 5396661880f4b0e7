// SPDX-License-Identifier: Apache-2.0
#include "core/recordings.h"

#include <utility>

#include "base/error.h"
#include "core/invitation_rules.h"
#include "core/searchable_words.h"

namespace berth::core {
namespace {

constexpr std::size_t longest_search = 200;
constexpr std::size_t most_words = 16;

[[noreturn]] void no_such_recording() { throw Error(ErrorKind::not_found, "there is no such recording"); }

bool is_under_embargo(const Recording& recording, TimePoint now) {
  const RecordingPolicy& policy = recording.policy;
  return policy.kind == RecordingKind::embargoed && (!policy.until || now < *policy.until);
}

bool is_for_everybody(const Recording& recording, TimePoint now) {
  return recording.policy.kind == RecordingKind::public_ ||
         (recording.policy.kind == RecordingKind::embargoed && !is_under_embargo(recording, now));
}

std::vector<std::string> wanted_words(const std::string& text) {
  if (text.empty()) {
    return {};
  }
  if (text.size() > longest_search) {
    throw Error(ErrorKind::invalid_argument, "a search has at most 200 bytes", "q");
  }
  std::vector<std::string> words = searchable_words(text);
  if (words.empty() || words.size() > most_words) {
    throw Error(ErrorKind::invalid_argument, "a search has 1 to 16 words of letters and digits", "q");
  }
  return words;
}

// Of what the caller may change.
Recording own_recording(Transaction& transaction, const Caller& caller, const RecordingId& id) {
  auto recording = transaction.find_recording(id);
  if (!recording || !may_touch(caller, recording->account)) {
    no_such_recording();
  }
  if (!may_dispose_of(caller, *recording)) {
    throw Error(ErrorKind::forbidden,
                "what an interview recorded stays, and is shown to nobody else; ask who invited you");
  }
  return std::move(*recording);
}

}  // namespace

bool may_dispose_of(const Caller& caller, const Recording& recording) {
  return may_touch(caller, recording.account) && caller.account.role != Role::candidate;
}

async::Task<std::vector<Recording>> Recordings::list(Caller caller, RecordingQuery query) {
  require(caller, Scope::instances_read);
  RecordingFilter filter{.account = caller.account.id,
                         .instance = query.instance,
                         .words = wanted_words(query.words),
                         .ended_before = {},
                         .before = query.cursor,
                         .limit = query.limit};
  if (query.everyone) {
    require(caller, Scope::accounts_write);
    filter.account.reset();
  }
  co_return co_await journal_.transact([&](Transaction& transaction) { return transaction.list_recordings(filter); });
}

async::Task<Recording> Recordings::find(Visitor visitor, RecordingId id) {
  bool watches = false;
  auto found = co_await journal_.transact([&](Transaction& transaction) {
    auto recording = transaction.find_recording(id);
    watches = recording && visitor && may_watch(transaction, *visitor, recording->account);
    return recording;
  });
  if (!found) {
    no_such_recording();
  }
  if (!is_for_everybody(*found, clock_.now())) {
    if (!watches) {
      no_such_recording();
    }
    require(*visitor, Scope::instances_read);
  }
  co_return std::move(*found);
}

async::Task<Recording> Recordings::find_shared(Secret secret) {
  const std::string hash = hash_token(secret);
  auto found =
      co_await journal_.transact([&](Transaction& transaction) { return transaction.find_recording_by_share(hash); });
  if (!found || is_under_embargo(*found, clock_.now())) {
    no_such_recording();
  }
  co_return std::move(*found);
}

async::Task<> Recordings::read(Recording recording, RecordingArchive::Sink sink) {
  co_await archive_.read(recording.id, recording.truncated, std::move(sink));
}

async::Task<> Recordings::remove(Caller caller, RecordingId id) {
  require(caller, Scope::instances_write);
  co_await journal_.transact([&](Transaction& transaction) {
    const Recording recording = own_recording(transaction, caller, id);
    if (!recording.ended_at) {
      throw Error(ErrorKind::conflict, "the recording goes on as long as its terminal; close that first");
    }
    transaction.remove_recording(id);
    transaction.append_event(Event{.type = EventType::recording_removed,
                                   .at = clock_.now(),
                                   .account = recording.account,
                                   .instance = recording.instance,
                                   .image = {},
                                   .detail = "a recording was removed"});
  });
  co_await archive_.remove(id);
}

async::Task<Secret> Recordings::share(Caller caller, RecordingId id) {
  require(caller, Scope::instances_write);
  const Secret secret = make_token();
  co_await journal_.transact([&](Transaction& transaction) {
    Recording recording = own_recording(transaction, caller, id);
    if (is_under_embargo(recording, clock_.now())) {
      throw Error(ErrorKind::conflict, recording.policy.until
                                           ? "the recording is embargoed until " + format_time(*recording.policy.until)
                                           : "the recording is embargoed");
    }
    recording.share_hash = hash_token(secret);
    transaction.put_recording(recording);
  });
  co_return secret;
}

async::Task<> Recordings::unshare(Caller caller, RecordingId id) {
  require(caller, Scope::instances_write);
  co_await journal_.transact([&](Transaction& transaction) {
    Recording recording = own_recording(transaction, caller, id);
    recording.share_hash.reset();
    transaction.put_recording(recording);
  });
}

}  // namespace berth::core
