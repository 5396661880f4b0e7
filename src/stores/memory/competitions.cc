// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "core/storable.h"
#include "stores/memory/transaction_parts.h"

namespace berth::stores::memory {

using core::Competition;
using core::Membership;
using core::Participant;
using core::Solve;

namespace {

template <class Rows>
void require_known(const Rows& rows, const std::string& key, const char* what) {
  if (!rows.contains(key)) {
    throw Error(ErrorKind::conflict, std::string("it belongs to ") + what + " that does not exist");
  }
}

}  // namespace

void MemoryTransaction::put_competition(const Competition& competition) {
  guard([&] {
    core::require_storable(competition);
    tables_.competitions.put(competition.name, competition, undo_);
  });
}

std::optional<Competition> MemoryTransaction::find_competition(const std::string& name) {
  return guard([&] {
    core::require_text(name, "name");
    return tables_.competitions.find(name);
  });
}

std::vector<Competition> MemoryTransaction::list_competitions() {
  return guard([&] { return pick(tables_.competitions.rows(), 0, [](const Competition&) { return true; }); });
}

void MemoryTransaction::put_participant(const Participant& participant) {
  guard([&] {
    core::require_storable(participant);
    require_known(tables_.competitions.rows(), participant.competition, "a competition");
    tables_.participants.put(participant.id, participant, undo_);
  });
}

std::optional<Participant> MemoryTransaction::find_participant(const std::string& id) {
  return guard([&] {
    core::require_text(id, "id");
    return tables_.participants.find(id);
  });
}

std::vector<Participant> MemoryTransaction::list_participants(const std::string& competition) {
  return guard([&] {
    core::require_text(competition, "competition");
    return pick(tables_.participants.rows(), 0,
                [&](const Participant& each) { return each.competition == competition; });
  });
}

void MemoryTransaction::put_membership(const Membership& membership) {
  guard([&] {
    core::require_storable(membership);
    require_account(membership.account);
    require_known(tables_.competitions.rows(), membership.competition, "a competition");
    require_known(tables_.participants.rows(), membership.participant, "a participant");
    tables_.memberships.put(membership.id, membership, undo_);
  });
}

std::vector<Membership> MemoryTransaction::list_memberships(const core::MembershipFilter& filter) {
  return guard([&] {
    core::require_text(filter.account.value_or(AccountId()).text(), "account");
    core::require_text(filter.competition.value_or(""), "competition");
    return pick(tables_.memberships.rows(), 0, [&](const Membership& each) {
      return (!filter.account || each.account == *filter.account) &&
             (!filter.competition || each.competition == *filter.competition);
    });
  });
}

void MemoryTransaction::put_solve(const Solve& solve) {
  guard([&] {
    core::require_storable(solve);
    require_known(tables_.competitions.rows(), solve.competition, "a competition");
    require_known(tables_.participants.rows(), solve.participant, "a participant");
    tables_.solves.put(solve.id, solve, undo_);
  });
}

std::optional<Solve> MemoryTransaction::find_solve(const std::string& id) {
  return guard([&] {
    core::require_text(id, "id");
    return tables_.solves.find(id);
  });
}

std::vector<Solve> MemoryTransaction::list_solves(const std::string& competition) {
  return guard([&] {
    core::require_text(competition, "competition");
    return pick(tables_.solves.rows(), 0, [&](const Solve& each) { return each.competition == competition; });
  });
}

void MemoryTransaction::remove_memberships_of(const AccountId& id) {
  for (const Membership& each :
       pick(tables_.memberships.rows(), 0, [&](const Membership& row) { return row.account == id; })) {
    tables_.memberships.remove(each.id, undo_);
  }
}

}  // namespace berth::stores::memory
