// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/enum.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace berth::core {

using InvitationId = Id<struct InvitationTag>;

// A link that makes whoever opens it first a candidate: an account for some labs, with one attempt at each.
struct Invitation {
  InvitationId id;
  AccountId reviewer;  // who made it, and sees what comes of it
  std::string name;    // the candidate's, or a note
  std::vector<std::string> labs;
  std::string hash;  // hash_token() of the link's secret, which is kept nowhere
  TimePoint created_at;
  TimePoint expires_at;                // of the link
  std::optional<AccountId> candidate;  // the account that opening it made
  std::optional<TimePoint> opened_at;
  std::optional<TimePoint> revoked_at;
};

enum class InvitationState { waiting, opened, expired, revoked };
BOOST_DESCRIBE_ENUM(InvitationState, waiting, opened, expired, revoked)

constexpr InvitationState state_at(const Invitation& invitation, TimePoint now) {
  return invitation.revoked_at          ? InvitationState::revoked
         : invitation.opened_at         ? InvitationState::opened
         : invitation.expires_at <= now ? InvitationState::expired
                                        : InvitationState::waiting;
}

struct InvitationFilter {
  std::optional<AccountId> reviewer;
  std::optional<std::string> before;  // cursor: id of the last invitation of the page before
  std::size_t limit = 50;             // 0: no limit
};

}  // namespace berth::core
