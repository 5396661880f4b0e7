// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/transaction.h"
#include "stores/sql/transaction_parts.h"

namespace berth::stores::sql {

using core::Invitation;

void SqlTransaction::put_invitation(const Invitation& invitation) { put(invitation); }

std::optional<Invitation> SqlTransaction::find_invitation(const core::InvitationId& id) {
  return find<Invitation>(select<Invitation>().add("id = ", id));
}

std::optional<Invitation> SqlTransaction::find_invitation_by_hash(const std::string& hash) {
  return find<Invitation>(select<Invitation>().add("hash = ", hash));
}

std::optional<Invitation> SqlTransaction::find_invitation_of(const AccountId& candidate) {
  return find<Invitation>(select<Invitation>().add("candidate = ", candidate));
}

std::vector<Invitation> SqlTransaction::list_invitations(const core::InvitationFilter& filter) {
  Query query = select<Invitation>().add("TRUE");
  if (filter.reviewer) {
    query.add(" AND reviewer = ", *filter.reviewer);
  }
  if (filter.before) {
    query.add(" AND (created_at, id) < (SELECT created_at, id FROM invitations WHERE id = ", *filter.before).add(")");
  }
  return list<Invitation>(query.add(" ORDER BY created_at DESC, id DESC").add_limit(filter.limit));
}

}  // namespace berth::stores::sql
