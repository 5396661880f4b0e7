// SPDX-License-Identifier: Apache-2.0
// What the runtime holds, and how it is noticed when that changes.
#include <algorithm>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "core/reconciler.h"

namespace berth::core {
namespace {

constexpr Milliseconds tick_every{1000};
constexpr Milliseconds watch_again_after{500};

}  // namespace

async::Task<> Reconciler::run() { co_await async::both(watch_loop(), tick_loop()); }

async::Task<> Reconciler::watch_loop() {
  for (;;) {
    try {
      // Watching begins first, so that an end between the two is not missed.
      co_await async::both(runtime_.watch([this](const InstanceStatus& status) { take_end(status); }), compare());
    } catch (const Error& error) {
      log_(std::string("runtime: ") + error.what());
    }
    co_await async::pause_for(watch_again_after);
  }
}

async::Task<> Reconciler::tick_loop() {
  for (;;) {
    try {
      co_await tick();
    } catch (const Error& error) {
      log_(std::string("tick: ") + error.what());
    }
    co_await async::pause_for(tick_every);
  }
}

async::Task<> Reconciler::compare() {
  compared_at_ = clock_.now();
  ended_meanwhile_.clear();
  const std::vector<InstanceId> ready = pools_.ready();
  const std::vector<InstanceStatus> list = co_await runtime_.list();
  std::map<InstanceId, InstanceStatus> actual;
  for (const InstanceStatus& status : list) {
    if (!pools_.holds(InstanceId(status.id))) {
      actual[InstanceId(status.id)] = status;
    }
  }
  for (const InstanceId& id : ready) {
    const auto found = std::ranges::find(list, id.text(), &InstanceStatus::id);
    if (found == list.end() || found->activity != InstanceActivity::running) {
      pools_.ended(id);
    }
  }
  for (const InstanceId& id : ended_meanwhile_) {
    if (const auto found = actual.find(id); found != actual.end()) {
      found->second.activity = InstanceActivity::stopped;
    }
  }
  for (const auto& [id, work] : working_) {  // its own work knows better than a list from before
    actual.erase(id);
    if (const auto known = actual_.find(id); known != actual_.end()) {
      actual.insert(*known);
    }
  }
  actual_ = std::move(actual);
  compared_ = true;
  std::vector<InstanceId> ids;
  for (const auto& [id, status] : actual_) {
    ids.push_back(id);
  }
  using enum InstanceState;
  const auto live = co_await journal_.transact([](Transaction& transaction) {
    return transaction.list_instances({.account = {},
                                       .states = {queued, starting, running, asleep, stopped, grace, failed},
                                       .before = {},
                                       .limit = 0});
  });
  for (const Instance& instance : live) {
    ids.push_back(instance.id);
  }
  wake(ids);
}

void Reconciler::take_end(const InstanceStatus& status) {
  const InstanceId id(status.id);
  if (pools_.holds(id)) {
    pools_.ended(id);
    return;
  }
  actual_[id] = status;
  actual_[id].activity = InstanceActivity::stopped;
  ended_meanwhile_.insert(id);
  links_.drop(id);
  wake(id);
}

}  // namespace berth::core
