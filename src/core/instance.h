// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "core/launch.h"
#include "core/lifecycle.h"
#include "core/plan.h"

namespace berth::core {

struct Instance {
  InstanceId id;
  AccountId account;
  std::string name;  // host name
  ImageName image;
  Plan plan;  // as it was at creation
  InstanceState state = InstanceState::queued;
  std::optional<std::string> reason;  // why it failed or stopped by itself
  std::uint64_t queue_number = 0;     // order of arrival; a restart queues again
  std::string share;                  // who is to be treated fairly in the queue: an account, a token, an address
  std::uint64_t turn = 0;             // in the queue: low ones first, then the order of arrival
  Seconds lifetime{};                 // asked for; the lease begins when it first leaves the queue
  TimePoint created_at;
  std::optional<TimePoint> started_at;     // of the current or last run
  std::optional<TimePoint> expires_at;     // end of the lease; none while first queued
  std::optional<TimePoint> longest_until;  // no extension goes beyond
  std::optional<TimePoint> gone_at;        // when it was, or in grace will be, gone
  std::optional<TimePoint> gone_by;        // at the latest, whatever lease and grace say; none: as they say
  std::string idempotency_key;             // empty: none
  std::string idempotency_digest;          // of the request that used the key
  Launch launch;
  std::string service;      // which made it for its clients; empty: none
  std::string service_key;  // whom it serves; one instance of a service that is not gone has it. Empty: one connection
  RecordingPolicy recording;  // of its terminals
};

}  // namespace berth::core
