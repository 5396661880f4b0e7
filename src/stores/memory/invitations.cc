// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <tuple>

#include "base/error.h"
#include "core/storable.h"
#include "stores/memory/transaction_parts.h"

namespace berth::stores::memory {

using core::Invitation;

namespace {

std::tuple<TimePoint, core::InvitationId> age(const Invitation& invitation) {
  return {invitation.created_at, invitation.id};
}

template <class Rows, class Wanted>
std::optional<Invitation> first(const Rows& rows, Wanted wanted) {
  auto found = pick(rows, 1, wanted);
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

}  // namespace

void MemoryTransaction::put_invitation(const Invitation& invitation) {
  guard([&] {
    core::require_storable(invitation);
    require_account(invitation.reviewer);
    if (invitation.candidate) {
      require_account(*invitation.candidate);
    }
    for (const auto& [id, other] : tables_.invitations.rows()) {
      const bool same_candidate = invitation.candidate && other.candidate == invitation.candidate;
      if (id != invitation.id && (other.hash == invitation.hash || same_candidate)) {
        throw Error(ErrorKind::conflict, "such an invitation is already there");
      }
    }
    tables_.invitations.put(invitation.id, invitation, undo_);
  });
}

std::optional<Invitation> MemoryTransaction::find_invitation(const core::InvitationId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.invitations.find(id);
  });
}

std::optional<Invitation> MemoryTransaction::find_invitation_by_hash(const std::string& hash) {
  return guard([&] {
    core::require_text(hash, "hash");
    return first(tables_.invitations.rows(), [&](const Invitation& each) { return each.hash == hash; });
  });
}

std::optional<Invitation> MemoryTransaction::find_invitation_of(const AccountId& candidate) {
  return guard([&] {
    core::require_text(candidate.text(), "candidate");
    return first(tables_.invitations.rows(), [&](const Invitation& each) { return each.candidate == candidate; });
  });
}

std::vector<Invitation> MemoryTransaction::list_invitations(const core::InvitationFilter& filter) {
  return guard([&] {
    core::require_text(filter.reviewer.value_or(AccountId()).text(), "reviewer");
    core::require_text(filter.before.value_or(""), "before");
    const auto last = filter.before ? tables_.invitations.find(core::InvitationId(*filter.before)) : std::nullopt;
    if (filter.before && !last) {
      return std::vector<Invitation>();
    }
    auto found = pick(tables_.invitations.rows(), 0, [&](const Invitation& invitation) {
      return (!filter.reviewer || invitation.reviewer == *filter.reviewer) && (!last || age(invitation) < age(*last));
    });
    std::ranges::sort(found, std::greater(), age);
    if (filter.limit != 0 && found.size() > filter.limit) {
      found.resize(filter.limit);
    }
    return found;
  });
}

}  // namespace berth::stores::memory
