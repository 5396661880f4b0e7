// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rules of attempts at resumable labs, as plain functions: stopping, keeping, resuming, and telling of the end.

#include "core/attempts.h"

namespace berth::core {

// Whether it is a machine of a resumable lab.
bool is_resumable(const Instance& machine);

// Stops the attempt, its machines with it. The machines to be halted.
std::vector<InstanceId> keep_attempt(Transaction& transaction, Attempt& attempt, TimePoint now,
                                     const std::string& reason);
// The same when its learner asks for it; of one that is stopped, nothing. Throws Error{conflict} that says why not.
std::vector<InstanceId> stop_attempt(Transaction& transaction, Attempt& attempt, TimePoint now);
// Its machines wait for a start again; of one that is not stopped, nothing. The machines. Throws Error{conflict} when
// it is over, {exhausted} when the queue is full.
std::vector<InstanceId> resume_attempt(Transaction& transaction, Attempt& attempt, const HostLimits& limits,
                                       TimePoint now);

// Throws Error{conflict}, which names one, when the caller has `most` attempts at resumable labs and this is one, too.
void check_resumables(Transaction& transaction, const Caller& caller, const Lab& lab, std::uint32_t most);

// Tells the accounts of kept machines that will soon be gone, once each.
void tell_leaving(Transaction& transaction, TimePoint now);

}  // namespace berth::core
