// SPDX-License-Identifier: Apache-2.0
#include "core/leases.h"

#include <utility>

#include "async/time_limit.h"
#include "core/instance_rules.h"

namespace berth::core {
namespace {

void append_created(Transaction& transaction, const Instance& instance) {
  transaction.append_event(Event{.type = EventType::instance_created,
                                 .at = instance.created_at,
                                 .account = instance.account,
                                 .instance = instance.id,
                                 .image = {},
                                 .detail = instance.name + " was created from " + instance.image.text()});
}

bool is_waiting(const Instance& instance) {
  return instance.state == InstanceState::queued || instance.state == InstanceState::starting;
}

}  // namespace

async::Task<Instance> Leases::begin(Instance draft, Check check) {
  Pools& pools = reconciler_.pools();
  const std::optional<InstanceId> ready = pools.take(draft);
  draft.id = ready.value_or(InstanceId(random_name(12)));
  draft.name = draft.name.empty() ? default_name(draft.image, draft.id) : draft.name;
  Admission admission;
  std::exception_ptr fault;
  Instance begun;
  try {
    begun = co_await store(draft, check, ready.has_value(), admission);
  } catch (...) {
    fault = std::current_exception();
  }
  const bool leased = !fault && ready && begun.id == *ready && begun.state == InstanceState::running;
  if (leased) {
    reconciler_.adopt(begun, pools.keep(*ready));
  } else if (ready) {
    pools.put_back(*ready);
  }
  if (fault) {
    std::rethrow_exception(fault);
  }
  if (!leased) {
    reconciler_.take(admission);
  }
  co_return begun;
}

async::Task<Instance> Leases::store(Instance draft, const Check& check, bool ready, Admission& admission) {
  const HostLimits& limits = reconciler_.limits();
  const bool has_room = reconciler_.active() + ++under_way_ <= limits.most_active;
  struct UnderWay {
    std::size_t& count;
    ~UnderWay() { --count; }
  } const until_the_end{under_way_};
  co_return co_await journal_.transact([&](Transaction& transaction) {
    Instance instance = draft;
    admission = {};
    if (auto earlier = check(transaction, instance)) {
      admission = admit_waiting(transaction, limits, clock_.now());
      return std::move(*earlier);
    }
    if (ready && has_room) {
      append_created(transaction, instance);
      apply(transaction, instance, InstanceEvent::lease, instance.created_at);
      return instance;
    }
    if (ready) {
      instance.id = InstanceId(random_name(12));  // the ready one stays with its pool
    }
    append_created(transaction, instance);
    join_queue(transaction, instance);
    transaction.put_instance(instance);
    admission = admit_waiting(transaction, limits, instance.created_at);
    return *transaction.find_instance(instance.id);
  });
}

async::Task<Instance> Leases::started(InstanceId id, Milliseconds limit) {
  // Shared: with others who wait for the same instance.
  const std::shared_ptr<async::Trigger> changes = reconciler_.changes_of(id);
  const auto find = [](Journal& journal, InstanceId wanted) {
    return journal.transact([wanted](Transaction& transaction) {
      auto found = transaction.find_instance(wanted);
      if (!found) {
        throw Error(ErrorKind::not_found, "there is no such instance");
      }
      return std::move(*found);
    });
  };
  const auto wait = [](auto look, Journal& journal, InstanceId wanted, async::Trigger& changed) -> async::Task<> {
    for (;;) {
      const unsigned long seen = changed.count();
      if (!is_waiting(co_await look(journal, wanted))) {
        co_return;
      }
      co_await changed.wait_beyond(seen);
    }
  };
  co_await async::finishes_within(wait(find, journal_, id, *changes), limit);
  co_return co_await find(journal_, id);
}

}  // namespace berth::core
