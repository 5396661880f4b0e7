// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "core/access.h"
#include "core/journal.h"
#include "core/recording.h"
#include "core/recording_archive.h"

namespace berth::core {

struct RecordingQuery {
  std::string words;  // beginnings of words of the output or the title; empty: all
  std::optional<InstanceId> instance;
  bool everyone = false;  // of all accounts
  std::optional<std::string> cursor;
  std::size_t limit = 50;
};

// The use cases of recordings. Their owner, who invited them, and administrators see them always; who has the share
// link, when no date stands against it; everybody, also without an account, the public ones and those whose embargo is
// over. What the caller may not see is Error{not_found}. Lives as long as the server.
class Recordings {
 public:
  // What is asked by somebody who has not signed in has no caller.
  using Visitor = std::optional<Caller>;

  Recordings(Journal& journal, RecordingArchive& archive, const Clock& clock)
      : journal_(journal), archive_(archive), clock_(clock) {}

  async::Task<std::vector<Recording>> list(Caller caller, RecordingQuery query);
  async::Task<Recording> find(Visitor visitor, RecordingId id);
  async::Task<Recording> find_shared(Secret secret);
  // Its asciicast, piece by piece. The sink is not called before the first piece is there.
  async::Task<> read(Recording recording, RecordingArchive::Sink sink);
  // Throws Error{conflict} while it goes on: nobody stops a recording.
  async::Task<> remove(Caller caller, RecordingId id);
  // A new secret; one from before shows nothing any more. Throws Error{conflict} while it is embargoed.
  async::Task<Secret> share(Caller caller, RecordingId id);
  async::Task<> unshare(Caller caller, RecordingId id);

 private:
  Journal& journal_;
  RecordingArchive& archive_;
  const Clock& clock_;
};

// Whether the caller may remove and share it. A candidate may not: it is the reviewer's evidence, too.
bool may_dispose_of(const Caller& caller, const Recording& recording);

}  // namespace berth::core
