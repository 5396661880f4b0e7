// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/enum.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "core/attempt.h"

namespace berth::core {

enum class EventType {
  instance_created,
  instance_queued,
  instance_starting,
  instance_running,
  instance_asleep,
  instance_stopped,
  instance_grace,
  instance_failed,
  instance_gone,
  instance_extended,
  instance_renamed,
  session_opened,
  session_closed,
  session_watched,
  recording_ended,
  recording_removed,
  image_preparing,
  image_ready,
  image_failed,
  image_removed,
  token_created,
  token_removed,
  login,
  lab_ready,
  lab_failed,
  lab_published,
  lab_retired,
  attempt_started,
  attempt_checked,
  attempt_hint,
  attempt_solved,
  attempt_stopped,
  attempt_resumed,
  attempt_leaving,
  attempt_ended,  // it was solved before; else one of these
  attempt_expired,
  attempt_given_up,
  attempt_failed,
  invitation_created,
  invitation_opened,
  invitation_revoked,
  webhook_test,  // never stored
};
BOOST_DESCRIBE_ENUM(EventType, instance_created, instance_queued, instance_starting, instance_running, instance_asleep,
                    instance_stopped, instance_grace, instance_failed, instance_gone, instance_extended,
                    instance_renamed, session_opened, session_closed, session_watched, recording_ended,
                    recording_removed, image_preparing, image_ready, image_failed, image_removed, token_created,
                    token_removed, login, lab_ready, lab_failed, lab_published, lab_retired, attempt_started,
                    attempt_checked, attempt_hint, attempt_solved, attempt_stopped, attempt_resumed, attempt_leaving,
                    attempt_ended, attempt_expired, attempt_given_up, attempt_failed, invitation_created,
                    invitation_opened, invitation_revoked, webhook_test)

// Something that happened, stored with the change it tells of.
struct Event {
  std::uint64_t sequence = 0;  // given by the store, rising in the order of commits, without reuse
  EventType type = EventType::login;
  TimePoint at;
  std::optional<AccountId> account;  // whose; none: everybody's (images)
  std::optional<InstanceId> instance;
  std::optional<ImageName> image;
  std::optional<AttemptId> attempt = {};
  std::optional<std::string> lab = {};  // the name of the one that is tried
  std::optional<Verdict> verdict = {};  // of a check
  std::string detail;                   // a sentence for people
};

}  // namespace berth::core
