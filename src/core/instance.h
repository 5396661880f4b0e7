// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
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
  Seconds lifetime{};                 // asked for; the lease begins when it first leaves the queue
  TimePoint created_at;
  std::optional<TimePoint> started_at;     // of the current or last run
  std::optional<TimePoint> expires_at;     // end of the lease; none while first queued
  std::optional<TimePoint> longest_until;  // no extension goes beyond
  std::optional<TimePoint> gone_at;        // when it was, or in grace will be, gone
  std::string idempotency_key;             // empty: none
  std::string idempotency_digest;          // of the request that used the key
};

}  // namespace berth::core
