// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/invitation_forms.h"

namespace berth::doors::rest {
namespace {

std::string title_of(const core::InvitedLab& lab) { return lab.manifest.title.empty() ? lab.name : lab.manifest.title; }

InvitedLabForm form_of_lab(const core::InvitedLab& lab) {
  InvitedLabForm form{.name = lab.name,
                      .title = title_of(lab),
                      .minutes = lab.manifest.minutes,
                      .attempt = {},
                      .checks = {},
                      .recordings = {}};
  if (lab.attempt) {
    form.attempt = form_of(*lab.attempt);
  }
  for (const core::Check& check : lab.checks) {
    form.checks.push_back(form_of(check));
  }
  for (const core::Recording& recording : lab.recordings) {
    form.recordings.push_back({recording.id, recording.title, recording.began_at, recording.ended_at});
  }
  return form;
}

}  // namespace

InvitationForm form_of(const core::ShownInvitation& shown) {
  const core::Invitation& invitation = shown.invitation;
  InvitationForm form{.id = invitation.id,
                      .name = invitation.name,
                      .state = shown.state,
                      .reviewer = shown.reviewer,
                      .labs = {},
                      .created_at = invitation.created_at,
                      .expires_at = invitation.expires_at,
                      .opened_at = invitation.opened_at,
                      .revoked_at = invitation.revoked_at};
  for (const core::InvitedLab& lab : shown.labs) {
    form.labs.push_back(form_of_lab(lab));
  }
  return form;
}

InvitationLinkForm link_form_of(const core::ShownInvitation& shown) {
  InvitationLinkForm form{.name = shown.invitation.name,
                          .state = shown.state,
                          .reviewer = shown.reviewer,
                          .labs = {},
                          .expires_at = shown.invitation.expires_at};
  for (const core::InvitedLab& lab : shown.labs) {
    form.labs.push_back({title_of(lab), lab.manifest.summary, lab.manifest.minutes, lab.manifest.difficulty});
  }
  return form;
}

}  // namespace berth::doors::rest
