// SPDX-License-Identifier: Apache-2.0
#include "core/reconciler.h"

#include <algorithm>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "core/plain_text.h"

namespace berth::core {
namespace {

constexpr int most_starting = 4;        // creates at a time: more only wait for each other in the kernel
constexpr int most_start_attempts = 3;  // of passing failures, before the instance is failed
constexpr Milliseconds tick_every{1000};
constexpr Milliseconds longest_back_off{30'000};

InstanceSpec spec_of(const Instance& instance) {
  return InstanceSpec{.image = instance.image.text(),
                      .hostname = instance.name,
                      .cpu_percent = instance.plan.cpu_percent,
                      .memory = instance.plan.memory,
                      .processes = instance.plan.processes,
                      .open_files = instance.plan.open_files,
                      .disk = instance.plan.disk,
                      .disk_kind = instance.plan.disk_kind,
                      .egress = instance.plan.egress,
                      .egress_kilobits = instance.plan.egress_kilobits,
                      .no_new_privileges = instance.plan.no_new_privileges};
}

}  // namespace

Reconciler::Reconciler(Runtime& runtime, Journal& journal, AgentLinks& links, const Clock& clock, HostLimits limits,
                       async::TaskGroup& tasks, Log log)
    : runtime_(runtime),
      journal_(journal),
      links_(links),
      clock_(clock),
      limits_(limits),
      tasks_(tasks),
      log_(std::move(log)),
      changed_(tasks.executor()) {}

async::Task<> Reconciler::run() { co_await async::both(watch_loop(), tick_loop()); }

async::Task<> Reconciler::watch_loop() {
  for (;;) {
    try {
      // Watching begins first, so that an end between the two is not missed.
      co_await async::both(runtime_.watch([this](const InstanceStatus& status) { take_end(status); }), compare());
    } catch (const Error& error) {
      log_(std::string("runtime: ") + error.what());
    }
    co_await async::pause_for(Milliseconds{500});
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
  const std::vector<InstanceStatus> list = co_await runtime_.list();
  std::map<InstanceId, InstanceStatus> actual;
  for (const InstanceStatus& status : list) {
    actual[InstanceId(status.id)] = status;
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
  actual_[id] = status;
  actual_[id].activity = InstanceActivity::stopped;
  links_.drop(id);
  wake(id);
}

async::Task<> Reconciler::tick() {
  const TimePoint now = clock_.now();
  const auto changed = co_await journal_.transact([this, now](Transaction& transaction) {
    std::vector<InstanceId> ids;
    for (Instance& instance : transaction.list_due(now)) {
      if (instance.state != InstanceState::grace) {
        apply(transaction, instance, InstanceEvent::expire, now, "its time was over");
      }
      if (instance.gone_at && *instance.gone_at <= now) {
        apply(transaction, instance, InstanceEvent::grace_over, now);
      }
      ids.push_back(instance.id);
    }
    for (InstanceId& id : admit_waiting(transaction, limits_, now)) {
      ids.push_back(std::move(id));
    }
    transaction.remove_tokens_expired_before(now);
    return ids;
  });
  wake(changed);
  std::vector<InstanceId> due;
  for (const auto& [id, retry] : retries_) {
    if (retry.at <= now && !working_.contains(id)) {
      due.push_back(id);
    }
  }
  wake(due);
}

async::Task<Instance> Reconciler::change(InstanceId id, InstanceEvent event, Check allowed,
                                         std::optional<std::string> reason) {
  std::vector<InstanceId> admitted;
  const TimePoint now = clock_.now();
  const Instance after = co_await journal_.transact([&](Transaction& transaction) {
    auto instance = transaction.find_instance(id);
    if (!instance) {
      throw Error(ErrorKind::not_found, "there is no such instance");
    }
    allowed(*instance);
    if (event != InstanceEvent::destroy || instance->state != InstanceState::gone) {  // destroying twice is fine
      apply(transaction, *instance, event, now, reason);
    }
    admitted = admit_waiting(transaction, limits_, now);
    return *transaction.find_instance(id);
  });
  retries_.erase(id);
  wake(id);
  wake(admitted);
  co_return after;
}

void Reconciler::wake(const InstanceId& id) {
  if (!compared_ || tasks_.cancelled()) {
    return;  // the first comparison wakes everything
  }
  const auto found = working_.find(id);
  if (found != working_.end()) {
    found->second.again = true;
    return;
  }
  working_[id] = Work{};
  tasks_.spawn(serve(id));
}

void Reconciler::wake(const std::vector<InstanceId>& ids) {
  for (const InstanceId& id : ids) {
    wake(id);
  }
}

async::Task<> Reconciler::settled(InstanceId id, Milliseconds limit) {
  const auto idle = [](Reconciler& reconciler, InstanceId waited) -> async::Task<> {
    while (reconciler.working_.contains(waited)) {
      co_await reconciler.changed_.wait();
    }
  };
  co_await async::finishes_within(idle(*this, id), limit);
}

async::Task<> Reconciler::serve(InstanceId id) {
  for (bool more = true; more;) {
    working_[id].again = false;
    std::optional<Instance> instance;
    std::optional<Error> failure;
    try {
      instance = co_await journal_.transact([&](Transaction& transaction) { return transaction.find_instance(id); });
      if (!instance) {  // nobody knows it: left behind by a lost database or a half-made create
        instance.emplace();
        instance->id = id;
        instance->state = InstanceState::gone;
      }
      more = co_await step(*instance);
      retries_.erase(id);
    } catch (const Error& error) {
      failure = error;
    }
    if (failure) {
      more = false;
      co_await work_failed(instance, id, *failure);
    }
    more = more || working_[id].again;
  }
  working_.erase(id);
  changed_.fire();
}

async::Task<> Reconciler::work_failed(const std::optional<Instance>& instance, const InstanceId& id,
                                      const Error& error) {
  Retry& retry = retries_[id];
  ++retry.attempts;
  const Milliseconds back_off{500LL << std::min(retry.attempts, 6)};
  retry.at = clock_.now() + std::min(back_off, longest_back_off);
  log_("instance " + id.text() + ": " + error.what());
  const bool passing = error.kind() == ErrorKind::unavailable && retry.attempts < most_start_attempts;
  if (instance && instance->state == InstanceState::starting && !passing) {
    retries_.erase(id);
    co_await record(id, InstanceState::starting, InstanceEvent::fail, plain_text(error.what()));
    working_[id].again = true;  // clean up what was made of it
  }
}

async::Task<> Reconciler::record(const InstanceId& id, InstanceState from, InstanceEvent event,
                                 std::optional<std::string> reason) {
  std::vector<InstanceId> admitted;
  const TimePoint now = clock_.now();
  co_await journal_.transact([&](Transaction& transaction) {
    auto instance = transaction.find_instance(id);
    if (instance && instance->state == from) {  // else somebody was quicker, and their change is served next
      apply(transaction, *instance, event, now, reason);
      admitted = admit_waiting(transaction, limits_, now);
    }
  });
  wake(admitted);
}

async::Task<bool> Reconciler::step(const Instance& instance) {
  switch (instance.state) {
    case InstanceState::starting:
      co_return co_await start(instance);
    case InstanceState::running:
    case InstanceState::asleep:
      co_return co_await keep(instance);
    case InstanceState::queued:
    case InstanceState::stopped:
    case InstanceState::failed:
    case InstanceState::grace:
      co_return co_await halt(instance);
    case InstanceState::gone:
      co_return co_await remove(instance);
  }
  co_return false;
}

async::Task<bool> Reconciler::start(const Instance& instance) {
  while (starting_ >= most_starting) {
    co_await changed_.wait();
  }
  ++starting_;
  std::exception_ptr fault;
  try {
    // Noted first: whatever a failed create leaves behind is stopped and destroyed like an instance.
    actual_[instance.id] = InstanceStatus{instance.id.text(), instance.image.text(), InstanceActivity::running, false};
    co_await runtime_.create(instance.id, spec_of(instance));
    co_await links_.of(instance.id);
  } catch (...) {
    fault = std::current_exception();
  }
  --starting_;
  changed_.fire();
  if (fault) {
    std::rethrow_exception(fault);
  }
  co_await record(instance.id, InstanceState::starting, InstanceEvent::started, {});
  co_return true;
}

// Running or asleep: puts the runtime into that state, or takes note that the instance ended by itself.
async::Task<bool> Reconciler::keep(const Instance& instance) {
  const auto found = actual_.find(instance.id);
  if (found == actual_.end() || found->second.activity == InstanceActivity::stopped) {
    std::string reason = "it was lost when the host restarted";
    if (found != actual_.end()) {
      reason = found->second.out_of_memory
                   ? "it used more than its " + format_bytes(instance.plan.memory) + " of memory"
                   : "it was shut down from inside, or the host restarted";
    }
    links_.drop(instance.id);
    co_await record(instance.id, instance.state, InstanceEvent::exited, reason);
    co_return true;
  }
  if (instance.state == InstanceState::asleep && found->second.activity == InstanceActivity::running) {
    co_await runtime_.pause(instance.id);
    actual_[instance.id].activity = InstanceActivity::paused;
  } else if (instance.state == InstanceState::running && found->second.activity == InstanceActivity::paused) {
    co_await runtime_.resume(instance.id);
    actual_[instance.id].activity = InstanceActivity::running;
  }
  co_return false;
}

async::Task<bool> Reconciler::halt(const Instance& instance) {
  const auto found = actual_.find(instance.id);
  if (found != actual_.end() && found->second.activity != InstanceActivity::stopped) {
    links_.drop(instance.id);
    co_await runtime_.stop(instance.id);
    actual_[instance.id].activity = InstanceActivity::stopped;
  }
  co_return false;
}

async::Task<bool> Reconciler::remove(const Instance& instance) {
  links_.drop(instance.id);
  if (actual_.contains(instance.id)) {
    co_await runtime_.destroy(instance.id);
    actual_.erase(instance.id);
  }
  co_return false;
}

}  // namespace berth::core
