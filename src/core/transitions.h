// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/instance.h"
#include "core/store.h"

namespace berth::core {

// How much the host may hold.
struct HostLimits {
  std::uint32_t most_active = 32;    // instances that are starting, running or asleep
  std::uint32_t most_queued = 1000;  // waiting ones; more are refused
};

// Moves the instance along the state table, keeps its lease and times, stores it with its event. Throws Error{conflict}
// when the table has no such row. `reason` is for fail and exited.
void apply(Transaction& transaction, Instance& instance, InstanceEvent event, TimePoint now,
           const std::optional<std::string>& reason = {});

// More time: at most until longest_until. Throws Error{exhausted} when there is none to give, Error{conflict} when
// gone.
void extend(Transaction& transaction, Instance& instance, Seconds by, TimePoint now);

// Lets instances in from the queue while there is room; those that got in.
std::vector<InstanceId> admit_waiting(Transaction& transaction, const HostLimits& limits, TimePoint now);

}  // namespace berth::core
