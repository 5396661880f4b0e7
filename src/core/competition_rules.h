// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rules of competitions, as plain functions: what counts, for whom and when, and how it is ranked.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/store.h"

namespace berth::core {

// Every fault as a sentence that begins with what it is about, empty when it is sound.
std::vector<std::string> faults_of(const std::string& name, const CompetitionDefinition& definition);

const CompetitionWindow* find_window(const CompetitionDefinition& definition, const std::string& region);
bool is_within(const CompetitionWindow& window, TimePoint time);
TimePoint last_end(const CompetitionDefinition& definition);
// Whether its labs are not to be seen yet: by participants before their window begins, by all others before the last
// one.
bool hides_labs(const CompetitionDefinition& definition, const std::optional<std::string>& region, TimePoint now);
// The labs that competitions hide from an account now.
std::set<std::string> hidden_labs(Transaction& transaction, const AccountId& account, TimePoint now);

// As what an attempt counts: its account takes part, and both its start and `time` are in the window.
struct Entry {
  Competition competition;
  Participant participant;
};
std::vector<Entry> entries_of(Transaction& transaction, const Attempt& attempt, TimePoint time);

// Stores that it was solved, once for each participant and lab; the check that was asked for first counts.
void count_solve(Transaction& transaction, const Attempt& attempt, const Check& check);
// Throws Error{exhausted} for a check that comes too soon after the participant's last one of this lab. One that could
// not be made does not count.
void require_pace(Transaction& transaction, const Attempt& attempt, TimePoint now);
// Throws Error{forbidden} while it counts where there are none.
void require_hints(Transaction& transaction, const Attempt& attempt, TimePoint now);
// What would be public is embargoed until the competition ends.
RecordingPolicy under_embargo(Transaction& transaction, const Attempt& attempt, RecordingPolicy policy);

// After the last window's end changed from `before`: what waits for it waits for the new one.
void move_embargoes(Transaction& transaction, const Competition& competition, TimePoint before);

// One row of a board. Times are from the begin of the participant's window.
struct Standing {
  std::size_t rank = 0;  // the same for equals
  Participant participant;
  Milliseconds total{};
  std::map<std::string, Milliseconds> labs;  // the solved ones
};
// By how many are solved, then by the least total time. What was solved at or after `cutoff` is left out.
std::vector<Standing> rank(const CompetitionDefinition& definition, const std::vector<Participant>& participants,
                           const std::vector<Solve>& solves, std::optional<TimePoint> cutoff);

}  // namespace berth::core
