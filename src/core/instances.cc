// SPDX-License-Identifier: Apache-2.0
#include "core/instances.h"

#include <algorithm>
#include <utility>

#include "async/time_limit.h"
#include "base/error.h"
#include "core/instance_rules.h"

namespace berth::core {
namespace {

constexpr Milliseconds action_limit{30'000};

InstanceEvent event_of(Action action) {
  switch (action) {
    case Action::start:
    case Action::restart:
      return InstanceEvent::start;
    case Action::stop:
      return InstanceEvent::stop;
    case Action::pause:
      return InstanceEvent::pause;
    case Action::resume:
      return InstanceEvent::resume;
  }
  return InstanceEvent::stop;
}

void check_may_use(Transaction& transaction, const Caller& caller, const ImageName& name) {
  const auto image = transaction.find_image(name);
  if (image && !may_use(caller, *image)) {
    throw Error(ErrorKind::invalid_argument, "image '" + name.text() + "' belongs to a lab; start the lab instead",
                "image");
  }
}

}  // namespace

Instances::Instances(Journal& journal, Reconciler& reconciler, Leases& leases, Runtime& runtime, const Clock& clock,
                     const std::vector<Plan>& plans)
    : journal_(journal), reconciler_(reconciler), leases_(leases), runtime_(runtime), clock_(clock), plans_(plans) {}

std::vector<Plan> Instances::plans(const Caller& caller) const {
  std::vector<Plan> usable;
  std::ranges::copy_if(plans_, std::back_inserter(usable),
                       [&](const Plan& plan) { return caller.account.role != Role::guest || plan.guests; });
  return usable;
}

const Plan& Instances::choose_plan(const Caller& caller, const std::optional<std::string>& name) const {
  for (const Plan& plan : plans_) {
    const bool allowed = caller.account.role != Role::guest || plan.guests;
    if (allowed && (!name || plan.name == *name)) {
      return plan;
    }
  }
  throw Error(ErrorKind::invalid_argument,
              name ? "there is no plan '" + *name + "' that you may use" : "there is no plan that you may use", "plan");
}

async::Task<ShownInstance> Instances::create(Caller caller, NewInstance request) {
  require(caller, Scope::instances_write);
  if (caller.account.role == Role::candidate) {
    throw Error(ErrorKind::forbidden, "your invitation is for its labs, and for no other machine");
  }
  const Plan& plan = choose_plan(caller, request.plan);
  const Instance begun =
      co_await leases_.begin(draft_instance(caller, request, plan, clock_.now()),
                             [&](Transaction& transaction, const Instance& draft) -> std::optional<Instance> {
                               if (auto earlier = earlier_instance(transaction, draft)) {
                                 return earlier;
                               }
                               check_room(transaction, draft, reconciler_.limits());
                               check_may_use(transaction, caller, draft.image);
                               return std::nullopt;
                             });
  if (begun.state != InstanceState::queued) {
    co_return ShownInstance{begun, {}, {}};
  }
  co_return co_await find(std::move(caller), begun.id);
}

async::Task<ShownInstance> Instances::find(Caller caller, InstanceId id) {
  require(caller, Scope::instances_read);
  co_return with_wait(co_await journal_.transact([&](Transaction& transaction) {
    return shown_instance(transaction, visible_instance(transaction, caller, id));
  }),
                      reconciler_);
}

async::Task<ShownInstance> Instances::wait_until_started(Caller caller, InstanceId id, Milliseconds limit) {
  co_await find(caller, id);  // whether it may be seen
  co_await leases_.started(id, limit);
  co_return co_await find(std::move(caller), id);
}

async::Task<std::vector<ShownInstance>> Instances::list(Caller caller, InstanceQuery query) {
  require(caller, Scope::instances_read);
  InstanceFilter filter{.account = caller.account.id, .states = {}, .before = query.cursor, .limit = query.limit};
  if (query.everyone) {
    require(caller, Scope::accounts_write);
    filter.account.reset();
  }
  if (!query.all) {
    using enum InstanceState;
    filter.states = {queued, starting, running, asleep, stopped, grace, failed};
  }
  auto list = co_await journal_.transact([&](Transaction& transaction) {
    std::vector<ShownInstance> found;
    for (Instance& instance : transaction.list_instances(filter)) {
      found.push_back(shown_instance(transaction, std::move(instance)));
    }
    return found;
  });
  for (ShownInstance& each : list) {
    each = with_wait(std::move(each), reconciler_);
  }
  co_return list;
}

async::Task<ShownInstance> Instances::rename(Caller caller, InstanceId id, std::string name) {
  require(caller, Scope::instances_write);
  check_host_name(name);
  co_return co_await journal_.transact([&](Transaction& transaction) {
    Instance instance = visible_instance(transaction, caller, id);
    const std::string before = std::exchange(instance.name, name);
    transaction.put_instance(instance);
    transaction.append_event(Event{.type = EventType::instance_renamed,
                                   .at = clock_.now(),
                                   .account = instance.account,
                                   .instance = instance.id,
                                   .image = {},
                                   .detail = before + " is now called " + name});
    return shown_instance(transaction, std::move(instance));
  });
}

async::Task<ShownInstance> Instances::move(Caller caller, InstanceId id, InstanceEvent event) {
  co_await reconciler_.change(id, event, [&](const Instance& instance) { check_visible(caller, instance); });
  co_await reconciler_.settled(id, action_limit);
  co_return co_await find(caller, id);
}

async::Task<ShownInstance> Instances::act(Caller caller, InstanceId id, Action action) {
  require(caller, Scope::instances_write);
  if (action == Action::restart) {
    const ShownInstance before = co_await find(caller, id);
    if (is_active(before.instance.state)) {
      co_await move(caller, id, InstanceEvent::stop);
    }
  }
  co_return co_await move(caller, id, event_of(action));
}

async::Task<ShownInstance> Instances::extend(Caller caller, InstanceId id, std::optional<Seconds> by) {
  require(caller, Scope::instances_write);
  co_return with_wait(co_await journal_.transact([&](Transaction& transaction) {
    Instance instance = visible_instance(transaction, caller, id);
    core::extend(transaction, instance, by.value_or(instance.plan.lifetime), clock_.now());
    return shown_instance(transaction, std::move(instance));
  }),
                      reconciler_);
}

async::Task<> Instances::destroy(Caller caller, InstanceId id) {
  require(caller, Scope::instances_write);
  co_await reconciler_.change(id, InstanceEvent::destroy,
                              [&](const Instance& instance) { check_visible(caller, instance); });
}

async::Task<Instance> Instances::running(Caller caller, InstanceId id, Scope scope) {
  require(caller, scope);
  Instance instance = co_await journal_.transact([&](Transaction& transaction) {
    return scope == Scope::instances_read ? watchable_instance(transaction, caller, id)
                                          : visible_instance(transaction, caller, id);
  });
  check_running(instance);
  co_return instance;
}

async::Task<Usage> Instances::usage(Caller caller, InstanceId id) {
  const ShownInstance found = co_await find(std::move(caller), id);
  if (found.instance.state != InstanceState::running && found.instance.state != InstanceState::asleep) {
    throw Error(ErrorKind::conflict, "the instance does not run, so it uses nothing; start it first");
  }
  co_return co_await runtime_.usage(id);
}

async::Task<Descriptor> Instances::connect(Caller caller, InstanceId id, std::uint16_t port) {
  co_await running(std::move(caller), id, Scope::instances_write);
  co_return co_await runtime_.connect(id, port);
}

async::Task<Descriptor> Instances::export_disk(Caller caller, InstanceId id) {
  const ShownInstance found = co_await find(std::move(caller), id);
  if (found.instance.state == InstanceState::gone || !found.instance.started_at) {
    throw Error(ErrorKind::conflict, "the instance has no disk to export");
  }
  co_return co_await runtime_.export_disk(id);
}

}  // namespace berth::core
