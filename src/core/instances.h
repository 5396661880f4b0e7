// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/access.h"
#include "core/journal.h"
#include "core/leases.h"
#include "core/reconciler.h"

namespace berth::core {

struct NewInstance {
  ImageName image;
  std::optional<std::string> plan;  // none: the first the caller may use
  std::optional<std::string> name;  // none: from the image and the id
  std::optional<Seconds> lifetime;  // none: the plan's
  std::string idempotency_key;      // empty: none
};

// An instance as its owner sees it.
struct ShownInstance {
  Instance instance;
  std::optional<std::size_t> queue_position;  // from 1, while queued
  std::optional<Seconds> queue_wait;          // as things go; none: nobody can tell
};

struct InstanceQuery {
  bool all = false;       // also those that are gone
  bool everyone = false;  // of all accounts
  std::optional<std::string> cursor;
  std::size_t limit = 50;
};

enum class Action { start, stop, restart, pause, resume };
BOOST_DESCRIBE_ENUM(Action, start, stop, restart, pause, resume)

// The use cases around instances. What the caller may not see is Error{not_found}. Lives as long as the server;
// cancelling one stops the waiting, not the work.
class Instances {
 public:
  Instances(Journal& journal, Reconciler& reconciler, Leases& leases, Runtime& runtime, const Clock& clock,
            const std::vector<Plan>& plans);

  std::vector<Plan> plans(const Caller& caller) const;
  async::Task<ShownInstance> create(Caller caller, NewInstance request);
  // Returns when it is neither queued nor starting, or after `limit`.
  async::Task<ShownInstance> wait_until_started(Caller caller, InstanceId id, Milliseconds limit);
  async::Task<ShownInstance> find(Caller caller, InstanceId id);
  async::Task<std::vector<ShownInstance>> list(Caller caller, InstanceQuery query);
  async::Task<ShownInstance> rename(Caller caller, InstanceId id, std::string name);
  // Returns when it is done, at the latest after 30 seconds.
  async::Task<ShownInstance> act(Caller caller, InstanceId id, Action action);
  async::Task<ShownInstance> extend(Caller caller, InstanceId id, std::optional<Seconds> by);
  async::Task<> destroy(Caller caller, InstanceId id);
  // The instance, if it is running. Throws Error{conflict} that says what to do.
  async::Task<Instance> running(Caller caller, InstanceId id, Scope scope);
  // Read from outside; of a running or paused instance.
  async::Task<Usage> usage(Caller caller, InstanceId id);
  // A TCP connection to a port on its loopback. Throws Error{unavailable} when nothing listens there.
  async::Task<Descriptor> connect(Caller caller, InstanceId id, std::uint16_t port);
  // A pipe with a tar of its whole file system, whatever its state but gone.
  async::Task<Descriptor> export_disk(Caller caller, InstanceId id);

 private:
  const Plan& choose_plan(const Caller& caller, const std::optional<std::string>& name) const;
  async::Task<ShownInstance> move(Caller caller, InstanceId id, InstanceEvent event);

  Journal& journal_;
  Reconciler& reconciler_;
  Leases& leases_;
  Runtime& runtime_;
  const Clock& clock_;
  const std::vector<Plan>& plans_;
};

// Whether `name` can be a host name: [a-z0-9-], no dash at either end, at most 63 characters.
bool is_host_name(std::string_view name);

}  // namespace berth::core
