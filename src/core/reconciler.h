// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "async/trigger.h"
#include "core/agent_links.h"
#include "core/journal.h"
#include "core/pools.h"
#include "core/runtime.h"
#include "core/start_slots.h"
#include "core/transitions.h"

namespace berth::core {

// Makes the runtime do what the store says: starts, stops, lease ends, crash recovery and clean-up are this one loop.
// Lives as long as the server; its tasks are in `tasks`. Cancelling leaves instances as they are.
class Reconciler {
 public:
  struct Surroundings {
    Runtime& runtime;
    Journal& journal;
    AgentLinks& links;
    Pools& pools;
    StartSlots& slots;
    const Clock& clock;
    HostLimits limits;
    async::TaskGroup& tasks;
    std::function<void(const std::string&)> log;
  };
  explicit Reconciler(Surroundings surroundings);

  // Compares, watches and ticks until cancelled.
  async::Task<> run();
  // One comparison of everything with Runtime::list(). Throws when the runtime does not answer.
  async::Task<> compare();
  // Ends leases that are due, lets in who waits, repeats what failed.
  async::Task<> tick();

  // Applies an event to an instance that `allowed` lets through (it throws if not), admits who may follow, and sets to
  // work. The instance as it then is.
  using Check = std::function<void(const Instance&)>;
  async::Task<Instance> change(InstanceId id, InstanceEvent event, Check allowed,
                               std::optional<std::string> reason = {});
  // Whatever it is doing; gone already is fine. A failure is logged: its lease ends it then.
  async::Task<> destroy(InstanceId id, std::optional<std::string> reason = {});
  // An instance from the pools now has a row that says it runs; whether it does.
  void adopt(const Instance& instance, bool runs);
  // After a transaction that admitted instances.
  void take(const Admission& admission);
  // Starts work on an instance whose row changed.
  void wake(const InstanceId& id);
  void wake(const std::vector<InstanceId>& ids);
  // Fires when the instance changed its state, or may have. Held by who waits.
  std::shared_ptr<async::Trigger> changes_of(const InstanceId& id);
  // Waits until nothing is being done about the instance, at most `limit`.
  async::Task<> settled(InstanceId id, Milliseconds limit);

  const HostLimits& limits() const { return limits_; }
  // How many instances take up room on the host, of all that have a row.
  std::size_t active() const { return active_; }
  Pools& pools() { return pools_; }
  // How long the one at `position` of the queue will wait, as things go; nothing when nobody can tell.
  std::optional<Seconds> wait_at(std::size_t position) const;

 private:
  struct Work {
    bool again = false;
  };

  async::Task<> serve(InstanceId id);
  async::Task<bool> step(const Instance& instance);
  async::Task<bool> start(const Instance& instance);
  async::Task<bool> keep(const Instance& instance);
  async::Task<bool> halt(const Instance& instance);
  async::Task<bool> remove(const Instance& instance);
  async::Task<> record(const InstanceId& id, InstanceState from, InstanceEvent event,
                       std::optional<std::string> reason);
  async::Task<> work_failed(const std::optional<Instance>& instance, const InstanceId& id, const Error& error);
  async::Task<> watch_loop();
  async::Task<> tick_loop();
  void take_end(const InstanceStatus& status);
  void tell(const InstanceId& id);
  async::Task<> forget_history(TimePoint now);

  Runtime& runtime_;
  Journal& journal_;
  AgentLinks& links_;
  Pools& pools_;
  StartSlots& slots_;
  const Clock& clock_;
  HostLimits limits_;
  async::TaskGroup& tasks_;
  std::function<void(const std::string&)> log_;
  std::map<InstanceId, InstanceStatus> actual_;  // what the runtime was last known to hold
  bool compared_ = false;
  TimePoint compared_at_;
  std::set<InstanceId> ended_meanwhile_;  // since the comparison began
  std::map<InstanceId, Work> working_;
  struct Retry {
    int attempts = 0;
    TimePoint at;
  };
  std::map<InstanceId, Retry> retries_;
  std::map<InstanceId, std::weak_ptr<async::Trigger>> waits_;
  std::size_t active_ = 0;
  std::deque<TimePoint> admissions_;   // the last ones from the queue
  std::vector<TimePoint> lease_ends_;  // of what is active, rising, while instances wait
  TimePoint history_forgotten_at_;
  async::Trigger changed_;
};

}  // namespace berth::core
