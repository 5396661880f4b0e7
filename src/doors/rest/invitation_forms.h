// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of invitations: see forms.h.

#include "core/invitations.h"
#include "doors/rest/lab_forms.h"

namespace berth::doors::rest {

struct CreateInvitationRequest {
  std::optional<std::string> name;
  std::vector<std::string> labs;
  std::optional<std::uint32_t> lifetime;
};
BOOST_DESCRIBE_STRUCT(CreateInvitationRequest, (), (name, labs, lifetime))

struct LookRequest {
  std::string secret;
};
BOOST_DESCRIBE_STRUCT(LookRequest, (), (secret))

struct OpenInvitationRequest {
  std::string secret;
  std::optional<LoginKind> kind;
};
BOOST_DESCRIBE_STRUCT(OpenInvitationRequest, (), (secret, kind))

struct InvitedRecordingForm {
  RecordingId id;
  std::string title;
  TimePoint began_at;
  std::optional<TimePoint> ended_at;
};
BOOST_DESCRIBE_STRUCT(InvitedRecordingForm, (), (id, title, began_at, ended_at))

struct InvitedLabForm {
  std::string name;
  std::string title;
  std::uint32_t minutes = 0;
  std::optional<AttemptForm> attempt;
  std::vector<LabCheckForm> checks;
  std::vector<InvitedRecordingForm> recordings;
};
BOOST_DESCRIBE_STRUCT(InvitedLabForm, (), (name, title, minutes, attempt, checks, recordings))

struct InvitationForm {
  core::InvitationId id;
  std::string name;
  core::InvitationState state = core::InvitationState::waiting;
  std::string reviewer;
  std::vector<InvitedLabForm> labs;
  TimePoint created_at;
  TimePoint expires_at;
  std::optional<TimePoint> opened_at;
  std::optional<TimePoint> revoked_at;
};
BOOST_DESCRIBE_STRUCT(InvitationForm, (),
                      (id, name, state, reviewer, labs, created_at, expires_at, opened_at, revoked_at))

struct IssuedInvitationForm {
  InvitationForm invitation;
  std::string url;
};
BOOST_DESCRIBE_STRUCT(IssuedInvitationForm, (), (invitation, url))

struct OfferedLabForm {
  std::string title;
  std::string summary;
  std::uint32_t minutes = 0;
  core::LabDifficulty difficulty = core::LabDifficulty::medium;
};
BOOST_DESCRIBE_STRUCT(OfferedLabForm, (), (title, summary, minutes, difficulty))

// What somebody who has the link is told.
struct InvitationLinkForm {
  std::string name;
  core::InvitationState state = core::InvitationState::waiting;
  std::string reviewer;
  std::vector<OfferedLabForm> labs;
  TimePoint expires_at;
};
BOOST_DESCRIBE_STRUCT(InvitationLinkForm, (), (name, state, reviewer, labs, expires_at))

InvitationForm form_of(const core::ShownInvitation& shown);
InvitationLinkForm link_form_of(const core::ShownInvitation& shown);

}  // namespace berth::doors::rest
