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
  std::uint32_t most_starting = 4;   // at a time
  Seconds history{30 * 24 * 3600};   // events and what is gone are forgotten after this
};

// Moves the instance along the state table, keeps its lease and times, stores it with its event. Throws Error{conflict}
// when the table has no such row. `reason` is for fail and exited.
void apply(Transaction& transaction, Instance& instance, InstanceEvent event, TimePoint now,
           const std::optional<std::string>& reason = {});

// More time: at most until longest_until. Throws Error{exhausted} when there is none to give, Error{conflict} when
// gone.
void extend(Transaction& transaction, Instance& instance, Seconds by, TimePoint now);

// Out of grace into the queue, for a whole new lease on the disk as it is. Throws Error{conflict} in any other state.
void renew(Transaction& transaction, Instance& instance, TimePoint now);

// Puts it into the queue, behind those of other shares who have waited as long: start-time fair queueing (Goyal, Vin,
// Cheng 1996) with one instance as the unit. A share that asks for many waits for itself, and nobody waits for ever.
void join_queue(Transaction& transaction, Instance& instance);

// Who got in from the queue, and how it then is.
struct Admission {
  std::vector<InstanceId> admitted;
  std::size_t active = 0;
  std::size_t waiting = 0;
};
// Lets instances in from the queue while there is room.
Admission admit_waiting(Transaction& transaction, const HostLimits& limits, TimePoint now);

}  // namespace berth::core
