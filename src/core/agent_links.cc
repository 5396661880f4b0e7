// SPDX-License-Identifier: Apache-2.0
#include "core/agent_links.h"

#include "async/time_limit.h"

namespace berth::core {

AgentLinks::AgentLinks(Runtime& runtime, async::TaskGroup& tasks, Milliseconds greet_limit)
    : runtime_(runtime), tasks_(tasks), greet_limit_(greet_limit), changed_(tasks.executor()) {}

async::Task<std::shared_ptr<AgentLink>> AgentLinks::of(InstanceId id) {
  for (;;) {
    const auto found = links_.find(id);
    if (found == links_.end()) {
      break;
    }
    if (found->second && !found->second->failure()) {
      co_return found->second;
    }
    if (found->second) {
      links_.erase(found);
      break;
    }
    co_await changed_.wait();  // somebody else is connecting
  }
  links_[id] = nullptr;
  try {
    auto channel = co_await async::with_limit(runtime_.agent(id), greet_limit_, "the instance could not be reached");
    auto link = std::make_shared<AgentLink>(std::move(channel), tasks_.executor());
    co_await link->greet(greet_limit_);
    links_[id] = link;
    changed_.fire();
    tasks_.spawn(serve(id, link));
    co_return link;
  } catch (...) {
    links_.erase(id);
    changed_.fire();
    throw;
  }
}

async::Task<> AgentLinks::serve(InstanceId id, std::shared_ptr<AgentLink> link) {
  co_await link->run();
  const auto found = links_.find(id);
  if (found != links_.end() && found->second == link) {
    links_.erase(found);
  }
}

void AgentLinks::drop(const InstanceId& id) {
  const auto found = links_.find(id);
  if (found != links_.end() && found->second) {
    found->second->end();
    links_.erase(found);
  }
}

}  // namespace berth::core
