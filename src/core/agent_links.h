// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>

#include "async/task_group.h"
#include "async/trigger.h"
#include "core/agent_link.h"
#include "core/runtime.h"

namespace berth::core {

// One link per instance, made when first needed and again after it failed. Lives as long as the server; its task group
// serves the links, and cancelling that group fails them all.
class AgentLinks {
 public:
  AgentLinks(Runtime& runtime, async::TaskGroup& tasks, Milliseconds greet_limit = Seconds{10});

  // A working link. Throws Error{unavailable}, {timed_out} or {instance_fault}.
  async::Task<std::shared_ptr<AgentLink>> of(InstanceId id);
  // Forgets the link of an instance that stopped.
  void drop(const InstanceId& id);
  std::size_t size() const { return links_.size(); }

 private:
  async::Task<> serve(InstanceId id, std::shared_ptr<AgentLink> link);

  Runtime& runtime_;
  async::TaskGroup& tasks_;
  Milliseconds greet_limit_;
  // Shared: views keep the link they hang on. An empty place is a link being made.
  std::map<InstanceId, std::shared_ptr<AgentLink>> links_;
  async::Trigger changed_;
};

}  // namespace berth::core
