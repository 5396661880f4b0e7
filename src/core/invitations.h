// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "core/accounts.h"
#include "core/attempts.h"
#include "core/invitation.h"

namespace berth::core {

struct NewInvitation {
  std::string name;
  std::vector<std::string> labs;
  std::optional<Seconds> lifetime;  // of the link; none: a week
};

// A lab of an invitation, and what its candidate has done there.
struct InvitedLab {
  std::string name;
  LabManifest manifest;                 // of what they met, else of what they would meet now
  std::optional<ShownAttempt> attempt;  // the last one
  std::vector<Check> checks;            // oldest first
  std::vector<Recording> recordings;    // newest first
};

struct ShownInvitation {
  Invitation invitation;
  InvitationState state = InvitationState::waiting;
  std::string reviewer;  // their name
  std::vector<InvitedLab> labs;
};

// An invitation and its secret, which exists only in this answer.
struct IssuedInvitation {
  ShownInvitation shown;
  Secret secret;
};

// The use cases of interviews: who writes labs invites, and sees their own invitations; administrators see all. Lives
// as long as the server.
class Invitations {
 public:
  Invitations(Journal& journal, Attempts& attempts, const Clock& clock)
      : journal_(journal), attempts_(attempts), clock_(clock) {}

  // Throws Error{invalid_argument} that names the lab that is not in the catalogue.
  async::Task<IssuedInvitation> create(Caller caller, NewInvitation request);
  async::Task<std::vector<ShownInvitation>> list(Caller caller, Page page);
  async::Task<ShownInvitation> find(Caller caller, InvitationId id);
  // The link is no use any more, the candidate is signed out and their attempts end. What they did stays to be seen.
  async::Task<ShownInvitation> revoke(Caller caller, InvitationId id);

  // What somebody without an account is told before they open it. Throws Error{not_found}.
  async::Task<ShownInvitation> look(Secret secret);
  // Makes and signs in its candidate, once. Throws Error{unauthenticated} that says why not.
  async::Task<SignedIn> open(Secret secret, TokenKind kind);

 private:
  Journal& journal_;
  Attempts& attempts_;
  const Clock& clock_;
};

}  // namespace berth::core
