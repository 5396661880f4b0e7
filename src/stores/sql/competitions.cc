// SPDX-License-Identifier: Apache-2.0
// The verbs of competitions.
#include "stores/sql/transaction.h"
#include "stores/sql/transaction_parts.h"

namespace berth::stores::sql {

using core::Competition;
using core::Membership;
using core::Participant;
using core::Solve;

void SqlTransaction::put_competition(const Competition& competition) { put(competition); }

std::optional<Competition> SqlTransaction::find_competition(const std::string& name) {
  return find<Competition>(select<Competition>().add("name = ", name));
}

std::vector<Competition> SqlTransaction::list_competitions() {
  return list<Competition>(select<Competition>().add("TRUE ORDER BY name"));
}

void SqlTransaction::put_participant(const Participant& participant) { put(participant); }

std::optional<Participant> SqlTransaction::find_participant(const std::string& id) {
  return find<Participant>(select<Participant>().add("id = ", id));
}

std::vector<Participant> SqlTransaction::list_participants(const std::string& competition) {
  return list<Participant>(select<Participant>().add("competition = ", competition).add(" ORDER BY id"));
}

void SqlTransaction::put_membership(const Membership& membership) { put(membership); }

std::vector<Membership> SqlTransaction::list_memberships(const core::MembershipFilter& filter) {
  Query query = select<Membership>().add("TRUE");
  if (filter.account) {
    query.add(" AND account = ", *filter.account);
  }
  if (filter.competition) {
    query.add(" AND competition = ", *filter.competition);
  }
  return list<Membership>(query.add(" ORDER BY id"));
}

void SqlTransaction::put_solve(const Solve& solve) { put(solve); }

std::optional<Solve> SqlTransaction::find_solve(const std::string& id) {
  return find<Solve>(select<Solve>().add("id = ", id));
}

std::vector<Solve> SqlTransaction::list_solves(const std::string& competition) {
  return list<Solve>(select<Solve>().add("competition = ", competition).add(" ORDER BY id"));
}

}  // namespace berth::stores::sql
