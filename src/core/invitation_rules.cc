// SPDX-License-Identifier: Apache-2.0
#include "core/invitation_rules.h"

#include <algorithm>

#include "base/error.h"

namespace berth::core {

bool may_watch(Transaction& transaction, const Caller& caller, const AccountId& owner) {
  if (may_touch(caller, owner)) {
    return true;
  }
  const auto invitation = transaction.find_invitation_of(owner);
  return invitation && invitation->reviewer == caller.account.id && caller.scopes.contains(Scope::labs_write);
}

bool may_meet(Transaction& transaction, const Caller& caller, const std::string& lab) {
  if (caller.account.role != Role::candidate) {
    return true;
  }
  const auto invitation = transaction.find_invitation_of(caller.account.id);
  return invitation && !invitation->revoked_at && std::ranges::find(invitation->labs, lab) != invitation->labs.end();
}

void check_attempts_left(Transaction& transaction, const Caller& caller, const std::string& lab) {
  if (caller.account.role != Role::candidate) {
    return;
  }
  using enum AttemptState;
  const auto before = transaction.list_attempts(
      {.account = caller.account.id, .lab_name = lab, .states = {ended, expired, given_up}, .before = {}, .limit = 1});
  if (!before.empty()) {
    throw Error(ErrorKind::conflict, "you had your attempt at this lab; your invitation is for one at each");
  }
}

RecordingPolicy recording_of(Transaction& transaction, const AccountId& account, const LabManifest& manifest) {
  const auto known = transaction.find_account(account);
  if (known && known->role == Role::candidate) {
    return {.kind = RecordingKind::private_, .until = {}};
  }
  return {.kind = manifest.recording, .until = manifest.embargo_until};
}

}  // namespace berth::core
