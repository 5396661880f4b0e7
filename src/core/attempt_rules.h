// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rules of attempts, as plain functions: what a start and a check need, and how an attempt follows its machines.

#include "core/attempts.h"

namespace berth::core {

// An event that may change an attempt whose machine it tells of.
bool is_about_state(EventType type);

Attempt draft_attempt(const Caller& caller, const Lab& lab, TimePoint now);
// A row for one of its machines, with a key, so that it is made once.
Instance draft_machine(const Attempt& attempt, const Lab& lab, const LabFiles& files, const std::string& machine);

// Throws Error{not_found} when it is somebody else's: its existence is not told.
Attempt visible_attempt(Transaction& transaction, const Caller& caller, const AttemptId& id);
// With its lab, and its machines as long as it is not over.
ShownAttempt shown_attempt(Transaction& transaction, Attempt attempt);

struct CheckWork {
  Attempt attempt;
  LabCheck check;
  std::string script;
  std::uint32_t step = 0;
};
// Throws Error{conflict} that says why it cannot be checked now.
CheckWork check_work(Transaction& transaction, Attempt attempt);
// By time. The pending ones: asked for, and not judged by a berthd that was killed.
std::vector<Check> judged_checks(Transaction& transaction, const AttemptId& attempt);
std::vector<Check> pending_checks(Transaction& transaction, const AttemptId& attempt);
// Stores it, and what follows for its attempt. One that was asked for in time counts, even if the time is over by now.
void record_check(Transaction& transaction, const Check& check);
// Throws Error{conflict} when there is none left.
void add_hint(Transaction& transaction, Attempt attempt, TimePoint now);

// Ends it: a solved one is `ended`, whatever `state` says.
void finish(Transaction& transaction, Attempt& attempt, AttemptState state, TimePoint now, const std::string& reason);
// running once all machines run; stopped or over when one of them has failed or its lease is. The machines to be
// halted.
std::vector<InstanceId> follow_machines(Transaction& transaction, Attempt& attempt, TimePoint now);
// An event of its account's.
void note(Transaction& transaction, const Attempt& attempt, EventType type, TimePoint now, const std::string& detail,
          std::optional<Verdict> verdict = {});

}  // namespace berth::core
