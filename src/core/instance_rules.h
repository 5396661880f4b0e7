// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rules of the instance use cases, as plain functions: what a request must keep to, who sees what, what fits.

#include "core/access.h"
#include "core/instances.h"
#include "core/store.h"
#include "core/transitions.h"

namespace berth::core {

// A new row from a request, without an id, and without a name unless one was asked for. Throws Error{invalid_argument}
// with the field at fault.
Instance draft_instance(const Caller& caller, const NewInstance& request, const Plan& plan, TimePoint now);
// The one made by the same request before. Throws Error{conflict} when the key was used for another one.
std::optional<Instance> earlier_instance(Transaction& transaction, const Instance& draft);
// With its position in the queue; with_wait() adds the wait, on the event thread.
ShownInstance shown_instance(Transaction& transaction, Instance instance);
ShownInstance with_wait(ShownInstance shown, const Reconciler& reconciler);
// Whether the image is ready and the account and the queue have room. Throws Error{invalid_argument}, {conflict} or
// {exhausted}.
void check_room(Transaction& transaction, const Instance& instance, const HostLimits& limits);
// Throws Error{exhausted} when the queue is full.
void check_queue(Transaction& transaction, const HostLimits& limits);
// Whether the caller may see the image and start from it. A lab's are for its attempts, with their clock.
bool may_use(const Caller& caller, const Image& image);
// From the image and the id: a host name.
std::string default_name(const ImageName& image, const InstanceId& id);
void check_host_name(const std::string& name);
// Throws Error{not_found} when it is somebody else's: its existence is not told.
void check_visible(const Caller& caller, const Instance& instance);
Instance visible_instance(Transaction& transaction, const Caller& caller, const InstanceId& id);
// Also what the caller may only look on at: a candidate's, by who invited them.
Instance watchable_instance(Transaction& transaction, const Caller& caller, const InstanceId& id);
// Throws Error{conflict} that says what it is and what to do.
void check_running(const Instance& instance);

}  // namespace berth::core
