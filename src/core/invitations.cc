// SPDX-License-Identifier: Apache-2.0
#include "core/invitations.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "core/attempt_rules.h"

namespace berth::core {
namespace {

constexpr Seconds link_lifetime{7 * 24 * 3600};
constexpr Seconds candidate_lifetime{24 * 3600};  // from when it was opened
constexpr std::size_t most_labs = 20;

void check_request(const NewInvitation& request) {
  const bool printable =
      std::ranges::all_of(request.name, [](unsigned char each) { return each >= 0x20 && each != 0x7f; });
  if (request.name.size() > 64 || !printable) {
    throw Error(ErrorKind::invalid_argument, "a candidate's name has at most 64 printable characters", "name");
  }
  const std::set<std::string> different(request.labs.begin(), request.labs.end());
  if (request.labs.empty() || request.labs.size() > most_labs || different.size() != request.labs.size()) {
    throw Error(ErrorKind::invalid_argument, "an invitation is for 1 to 20 labs, each named once", "labs");
  }
}

void note(Transaction& transaction, const Invitation& invitation, EventType type, TimePoint now, const char* what) {
  transaction.append_event(
      Event{.type = type,
            .at = now,
            .account = invitation.reviewer,
            .instance = {},
            .image = {},
            .detail = "the invitation" + (invitation.name.empty() ? "" : " of " + invitation.name) + " was " + what});
}

// Its existence is not told to other reviewers.
Invitation own_invitation(Transaction& transaction, const Caller& caller, const InvitationId& id) {
  auto invitation = transaction.find_invitation(id);
  if (!invitation || !may_touch(caller, invitation->reviewer)) {
    throw Error(ErrorKind::not_found, "there is no such invitation");
  }
  return std::move(*invitation);
}

// The published version, else the newest.
LabManifest manifest_of(Transaction& transaction, const std::string& name) {
  const auto versions = transaction.list_labs({.name = name, .states = {}});
  const auto published = std::ranges::find(versions, LabState::published, &Lab::state);
  return versions.empty() ? LabManifest{} : (published == versions.end() ? versions.front() : *published).manifest;
}

InvitedLab shown_lab(Transaction& transaction, const Invitation& invitation, const std::string& name) {
  InvitedLab lab{.name = name, .manifest = {}, .attempt = {}, .checks = {}, .recordings = {}};
  if (invitation.candidate) {
    for (Attempt& attempt : transaction.list_attempts(
             {.account = *invitation.candidate, .lab_name = name, .states = {}, .before = {}, .limit = 1})) {
      lab.attempt = shown_attempt(transaction, std::move(attempt));
    }
  }
  if (!lab.attempt) {
    lab.manifest = manifest_of(transaction, name);
    return lab;
  }
  lab.manifest = lab.attempt->lab.manifest;
  lab.checks = judged_checks(transaction, lab.attempt->attempt.id);
  for (const AttemptMachine& machine : lab.attempt->attempt.machines) {
    for (Recording& recording : transaction.list_recordings({.account = *invitation.candidate,
                                                             .instance = machine.instance,
                                                             .words = {},
                                                             .ended_before = {},
                                                             .before = {}})) {
      lab.recordings.push_back(std::move(recording));
    }
  }
  return lab;
}

ShownInvitation shown(Transaction& transaction, Invitation invitation, TimePoint now) {
  ShownInvitation shown{
      .invitation = std::move(invitation), .state = InvitationState::waiting, .reviewer = {}, .labs = {}};
  shown.state = state_at(shown.invitation, now);
  if (const auto reviewer = transaction.find_account(shown.invitation.reviewer)) {
    shown.reviewer = reviewer->name;
  }
  for (const std::string& name : shown.invitation.labs) {
    shown.labs.push_back(shown_lab(transaction, shown.invitation, name));
  }
  return shown;
}

const char* why_not_opened(InvitationState state) {
  switch (state) {
    case InvitationState::opened:
      return "this invitation was opened already, and works once; ask whoever invited you for a new one";
    case InvitationState::revoked:
      return "this invitation was taken back; ask whoever invited you";
    default:
      return "this invitation has expired; ask whoever invited you for a new one";
  }
}

// The account and its one token.
SignedIn sign_in(Transaction& transaction, const Invitation& invitation, TokenKind kind, TimePoint now) {
  const AccountId id(random_name(12));
  SignedIn candidate{
      .account = {.id = id,
                  .name = invitation.name.empty() ? "candidate-" + id.text().substr(0, 4) : invitation.name,
                  .role = Role::candidate,
                  .created_at = now},
      .issued = {.token = {.id = TokenId(random_name(12)),
                           .account = id,
                           .name = "invitation",
                           .kind = kind,
                           .scopes = scopes_of(Role::candidate),
                           .hash = {},
                           .created_at = now,
                           .expires_at = now + candidate_lifetime},
                 .secret = make_token()}};
  candidate.issued.token.hash = hash_token(candidate.issued.secret);
  transaction.put_account(candidate.account);
  transaction.put_token(candidate.issued.token);
  return candidate;
}

}  // namespace

async::Task<IssuedInvitation> Invitations::create(Caller caller, NewInvitation request) {
  require(caller, Scope::labs_write);
  check_request(request);
  const TimePoint now = clock_.now();
  const Secret secret = make_token();
  Invitation invitation{.id = InvitationId(random_name(12)),
                        .reviewer = caller.account.id,
                        .name = std::move(request.name),
                        .labs = std::move(request.labs),
                        .hash = hash_token(secret),
                        .created_at = now,
                        .expires_at = now + request.lifetime.value_or(link_lifetime),
                        .candidate = {},
                        .opened_at = {},
                        .revoked_at = {}};
  auto made = co_await journal_.transact([&](Transaction& transaction) {
    for (const std::string& lab : invitation.labs) {
      if (transaction.list_labs({.name = lab, .states = {LabState::published}}).empty()) {
        throw Error(ErrorKind::invalid_argument, "there is no lab '" + lab.substr(0, 64) + "' in the catalogue",
                    "labs");
      }
    }
    transaction.put_invitation(invitation);
    note(transaction, invitation, EventType::invitation_created, now, "made");
    return shown(transaction, invitation, now);
  });
  co_return IssuedInvitation{std::move(made), secret};
}

async::Task<std::vector<ShownInvitation>> Invitations::list(Caller caller, Page page) {
  require(caller, Scope::labs_write);
  InvitationFilter filter{.reviewer = caller.account.id, .before = page.after, .limit = page.limit};
  if (caller.scopes.contains(Scope::accounts_write)) {
    filter.reviewer.reset();
  }
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    std::vector<ShownInvitation> list;
    for (Invitation& invitation : transaction.list_invitations(filter)) {
      list.push_back(shown(transaction, std::move(invitation), now));
    }
    return list;
  });
}

async::Task<ShownInvitation> Invitations::find(Caller caller, InvitationId id) {
  require(caller, Scope::labs_write);
  co_return co_await journal_.transact([&](Transaction& transaction) {
    return shown(transaction, own_invitation(transaction, caller, id), clock_.now());
  });
}

async::Task<ShownInvitation> Invitations::revoke(Caller caller, InvitationId id) {
  require(caller, Scope::labs_write);
  const TimePoint now = clock_.now();
  const std::vector<Attempt> left = co_await journal_.transact([&](Transaction& transaction) {
    Invitation invitation = own_invitation(transaction, caller, id);
    if (!invitation.revoked_at) {
      invitation.revoked_at = now;
      transaction.put_invitation(invitation);
      note(transaction, invitation, EventType::invitation_revoked, now, "taken back");
    }
    if (!invitation.candidate) {
      return std::vector<Attempt>{};
    }
    for (const Token& token : transaction.list_tokens(*invitation.candidate, {.after = {}, .limit = 0})) {
      transaction.remove_token(token.id);
    }
    return transaction.list_attempts(
        {.account = *invitation.candidate, .lab_name = {}, .states = states_under_way(), .before = {}, .limit = 0});
  });
  for (const Attempt& attempt : left) {
    co_await attempts_.leave(attempt.id, "the invitation was taken back");
  }
  co_return co_await find(std::move(caller), std::move(id));
}

async::Task<ShownInvitation> Invitations::look(Secret secret) {
  const std::string hash = hash_token(secret);
  co_return co_await journal_.transact([&](Transaction& transaction) {
    auto invitation = transaction.find_invitation_by_hash(hash);
    if (!invitation) {
      throw Error(ErrorKind::not_found, "there is no such invitation; see whether the whole link was copied");
    }
    return shown(transaction, std::move(*invitation), clock_.now());
  });
}

async::Task<SignedIn> Invitations::open(Secret secret, TokenKind kind) {
  const std::string hash = hash_token(secret);
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    auto invitation = transaction.find_invitation_by_hash(hash);
    if (!invitation) {
      throw Error(ErrorKind::unauthenticated, "there is no such invitation; see whether the whole link was copied");
    }
    if (const auto state = state_at(*invitation, now); state != InvitationState::waiting) {
      throw Error(ErrorKind::unauthenticated, why_not_opened(state));
    }
    SignedIn candidate = sign_in(transaction, *invitation, kind, now);
    invitation->candidate = candidate.account.id;
    invitation->opened_at = now;
    transaction.put_invitation(*invitation);
    note(transaction, *invitation, EventType::invitation_opened, now, "opened");
    return candidate;
  });
}

}  // namespace berth::core
