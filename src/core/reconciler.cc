// SPDX-License-Identifier: Apache-2.0
#include "core/reconciler.h"

#include <algorithm>
#include <utility>

#include "async/time_limit.h"
#include "core/plain_text.h"
#include "core/readiness.h"

namespace berth::core {
namespace {

constexpr int most_start_attempts = 3;  // of passing failures, before the instance is failed
constexpr Milliseconds longest_back_off{30'000};
constexpr std::size_t most_admissions = 64;  // remembered
constexpr Seconds admissions_tell_for{60};   // how the queue moves
constexpr Seconds forget_every{600};
// What a killed berthd had asked for may come into being after its successor began.
constexpr Seconds compare_every{30};

}  // namespace

Reconciler::Reconciler(Surroundings surroundings)
    : runtime_(surroundings.runtime),
      journal_(surroundings.journal),
      links_(surroundings.links),
      pools_(surroundings.pools),
      slots_(surroundings.slots),
      clock_(surroundings.clock),
      limits_(surroundings.limits),
      tasks_(surroundings.tasks),
      log_(std::move(surroundings.log)),
      changed_(tasks_.executor()) {
  pools_.set_room(limits_.most_active);
}

async::Task<> Reconciler::tick() {
  const TimePoint now = clock_.now();
  Admission admission;
  std::vector<TimePoint> lease_ends;
  const auto changed = co_await journal_.transact([&, now](Transaction& transaction) {
    std::vector<InstanceId> ids;
    lease_ends.clear();
    for (Instance& instance : transaction.list_due(now)) {
      if (instance.state != InstanceState::grace) {
        apply(transaction, instance, InstanceEvent::expire, now, "its time was over");
      }
      if (instance.gone_at && *instance.gone_at <= now) {
        apply(transaction, instance, InstanceEvent::grace_over, now);
      }
      ids.push_back(instance.id);
    }
    admission = admit_waiting(transaction, limits_, now);
    if (admission.waiting != 0) {
      for (const Instance& active : transaction.list_instances(
               {.states = {InstanceState::starting, InstanceState::running, InstanceState::asleep},
                .before = {},
                .limit = 0})) {
        lease_ends.push_back(active.expires_at.value_or(now));
      }
    }
    transaction.remove_tokens_expired_before(now);
    return ids;
  });
  std::ranges::sort(lease_ends);
  lease_ends_ = std::move(lease_ends);
  take(admission);
  for (const InstanceId& id : changed) {
    tell(id);
  }
  wake(changed);
  co_await forget_history(now);
  std::vector<InstanceId> due;
  for (const auto& [id, retry] : retries_) {
    if (retry.at <= now && !working_.contains(id)) {
      due.push_back(id);
    }
  }
  wake(due);
  if (compared_ && now - compared_at_ >= compare_every) {
    co_await compare();
  }
}

async::Task<Instance> Reconciler::change(InstanceId id, InstanceEvent event, Check allowed,
                                         std::optional<std::string> reason) {
  Admission admission;
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
    admission = admit_waiting(transaction, limits_, now);
    return *transaction.find_instance(id);
  });
  retries_.erase(id);
  tell(id);
  wake(id);
  take(admission);
  co_return after;
}

async::Task<> Reconciler::destroy(InstanceId id, std::optional<std::string> reason) {
  try {
    co_await change(id, InstanceEvent::destroy, [](const Instance&) {}, std::move(reason));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) {
      log_("instance " + id.text() + " is not destroyed before its lease ends: " + error.what());
    }
  }
}

void Reconciler::adopt(const Instance& instance, bool runs) {
  actual_[instance.id] = InstanceStatus{instance.id.text(), instance.image.text(),
                                        runs ? InstanceActivity::running : InstanceActivity::stopped, false};
  ++active_;
  tell(instance.id);
  if (!runs) {
    wake(instance.id);
  }
}

void Reconciler::take(const Admission& admission) {
  for (const InstanceId& id : admission.admitted) {
    admissions_.push_back(clock_.now());
    tell(id);
  }
  while (admissions_.size() > most_admissions) {
    admissions_.pop_front();
  }
  active_ = admission.active;
  slots_.set_waiting(admission.waiting != 0);
  pools_.set_room(limits_.most_active - std::min<std::size_t>(limits_.most_active, admission.active));
  wake(admission.admitted);
}

std::optional<Seconds> Reconciler::wait_at(std::size_t position) const {
  const TimePoint now = clock_.now();
  if (admissions_.size() > 1 && now - admissions_.back() < admissions_tell_for) {
    const Milliseconds each = (now - admissions_.front()) / static_cast<long>(admissions_.size());
    return std::chrono::ceil<Seconds>(each * static_cast<long>(position));
  }
  if (position >= 1 && position <= lease_ends_.size()) {
    return std::max(Seconds{0}, std::chrono::ceil<Seconds>(lease_ends_[position - 1] - now));
  }
  return std::nullopt;
}

std::shared_ptr<async::Trigger> Reconciler::changes_of(const InstanceId& id) {
  std::weak_ptr<async::Trigger>& place = waits_[id];
  std::shared_ptr<async::Trigger> trigger = place.lock();
  if (!trigger) {
    // Shared: by all who wait for the instance; the last one takes the place away.
    trigger = std::shared_ptr<async::Trigger>(new async::Trigger(tasks_.executor()), [this, id](async::Trigger* last) {
      waits_.erase(id);
      delete last;
    });
    place = trigger;
  }
  return trigger;
}

void Reconciler::tell(const InstanceId& id) {
  if (const auto found = waits_.find(id); found != waits_.end()) {
    if (const auto trigger = found->second.lock()) {
      trigger->fire();
    }
  }
}

async::Task<> Reconciler::forget_history(TimePoint now) {
  if (now - history_forgotten_at_ < forget_every) {
    co_return;
  }
  history_forgotten_at_ = now;
  const TimePoint before = now - limits_.history;
  co_await journal_.transact([before](Transaction& transaction) {
    transaction.remove_events_before(before);
    transaction.remove_instances_gone_before(before);
    transaction.remove_lost_guests(before);
  });
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
  Admission admission;
  const TimePoint now = clock_.now();
  co_await journal_.transact([&](Transaction& transaction) {
    auto instance = transaction.find_instance(id);
    if (instance && instance->state == from) {  // else somebody was quicker, and their change is served next
      apply(transaction, *instance, event, now, reason);
    }
    admission = admit_waiting(transaction, limits_, now);
  });
  tell(id);
  take(admission);
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
  {
    const StartSlots::Slot slot = co_await slots_.take();
    // Noted first: whatever a failed create leaves behind is stopped and destroyed like an instance.
    actual_[instance.id] = InstanceStatus{instance.id.text(), instance.image.text(), InstanceActivity::running, false};
    co_await runtime_.create(instance.id, spec_of(instance.image, instance.name, instance.plan, instance.launch));
    co_await wait_until_ready(co_await links_.of(instance.id), instance.launch, ready_limit);
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
