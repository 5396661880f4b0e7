// SPDX-License-Identifier: Apache-2.0
#include "core/transitions.h"

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>

#include "base/error.h"

namespace berth::core {
namespace {

std::string name_of(InstanceState state) { return boost::describe::enum_to_string(state, "?"); }

EventType type_of(InstanceState state) {
  switch (state) {
    case InstanceState::queued:
      return EventType::instance_queued;
    case InstanceState::starting:
      return EventType::instance_starting;
    case InstanceState::running:
      return EventType::instance_running;
    case InstanceState::asleep:
      return EventType::instance_asleep;
    case InstanceState::stopped:
      return EventType::instance_stopped;
    case InstanceState::grace:
      return EventType::instance_grace;
    case InstanceState::failed:
      return EventType::instance_failed;
    case InstanceState::gone:
      return EventType::instance_gone;
  }
  return EventType::instance_failed;
}

std::string detail_of(const Instance& instance, InstanceEvent event) {
  switch (instance.state) {
    case InstanceState::queued:
      return "waits for room on the host";
    case InstanceState::starting:
      return "is being started";
    case InstanceState::running:
      return event == InstanceEvent::resume ? "runs again" : "is running";
    case InstanceState::asleep:
      return "is paused";
    case InstanceState::stopped:
      return instance.reason ? "stopped: " + *instance.reason : "is stopped; its disk is kept";
    case InstanceState::grace:
      return instance.reason.value_or("its time was over") + "; its disk is kept until " +
             format_time(instance.gone_at.value());
    case InstanceState::failed:
      return "failed: " + instance.reason.value_or("for an unknown reason");
    case InstanceState::gone:
      return instance.reason ? "is gone: " + *instance.reason : "is gone";
  }
  return {};
}

void append(Transaction& transaction, const Instance& instance, EventType type, TimePoint now, std::string detail) {
  transaction.append_event(Event{.type = type,
                                 .at = now,
                                 .account = instance.account,
                                 .instance = instance.id,
                                 .image = {},
                                 .detail = instance.name + " " + std::move(detail)});
}

TimePoint within_its_life(const Instance& instance, TimePoint time) {
  return std::min(time, instance.gone_by.value_or(time));
}

void begin_lease(Instance& instance, TimePoint now) {
  if (!instance.expires_at) {
    instance.expires_at = within_its_life(instance, now + instance.lifetime);
    instance.longest_until = within_its_life(instance, now + instance.plan.longest_lifetime);
  }
}

void enter(Transaction& transaction, Instance& instance, InstanceEvent event, TimePoint now) {
  switch (instance.state) {
    case InstanceState::queued:
      join_queue(transaction, instance);
      break;
    case InstanceState::starting:
      instance.started_at.reset();
      begin_lease(instance, now);
      break;
    case InstanceState::running:
      if (event == InstanceEvent::started || event == InstanceEvent::lease) {
        instance.started_at = now;
        begin_lease(instance, now);
      }
      break;
    case InstanceState::grace:
      instance.gone_at = within_its_life(instance, now + instance.plan.grace);
      break;
    case InstanceState::gone:
      instance.gone_at = now;
      break;
    case InstanceState::stopped:
    case InstanceState::failed:
      begin_lease(instance, now);  // out of the queue, too: else it would stay for ever
      break;
    case InstanceState::asleep:
      break;
  }
}

}  // namespace

void apply(Transaction& transaction, Instance& instance, InstanceEvent event, TimePoint now,
           const std::optional<std::string>& reason) {
  const auto next = next_state(instance.state, event);
  if (!next) {
    throw Error(ErrorKind::conflict, "the instance is " + name_of(instance.state) + "; '" +
                                         boost::describe::enum_to_string(event, "?") + "' is not possible now");
  }
  instance.state = *next;
  instance.reason = reason;
  enter(transaction, instance, event, now);
  transaction.put_instance(instance);
  append(transaction, instance, type_of(instance.state), now, detail_of(instance, event));
}

void extend(Transaction& transaction, Instance& instance, Seconds by, TimePoint now) {
  const auto next = next_state(instance.state, InstanceEvent::extend);
  if (!next) {
    throw Error(ErrorKind::conflict, "the instance is " + name_of(instance.state) + "; it cannot be extended");
  }
  if (instance.state == InstanceState::grace && instance.gone_by) {
    throw Error(ErrorKind::conflict, "it is kept for a lab that is stopped; resume the lab instead");
  }
  if (!instance.expires_at) {  // still queued for the first time: a longer lease later
    if (instance.lifetime >= instance.plan.longest_lifetime) {
      throw Error(ErrorKind::exhausted,
                  "its plan allows " + format_duration(instance.plan.longest_lifetime) + " at most");
    }
    instance.lifetime = std::min(instance.lifetime + by, instance.plan.longest_lifetime);
  } else {
    const TimePoint from = instance.state == InstanceState::grace ? now : *instance.expires_at;
    const TimePoint until = std::min(from + by, instance.longest_until.value_or(from + by));
    if (until <= from) {
      throw Error(ErrorKind::exhausted, "its plan allows " + format_duration(instance.plan.longest_lifetime) +
                                            " at most, and that is used up");
    }
    instance.expires_at = until;
  }
  if (instance.state == InstanceState::grace) {
    instance.gone_at.reset();
  }
  instance.state = *next;
  transaction.put_instance(instance);
  append(transaction, instance, EventType::instance_extended, now,
         instance.expires_at ? "has time until " + format_time(*instance.expires_at) : "will have more time");
}

void renew(Transaction& transaction, Instance& instance, TimePoint now) {
  if (instance.state != InstanceState::grace) {
    throw Error(ErrorKind::conflict,
                "the instance is " + name_of(instance.state) + "; only a lease that is over is renewed");
  }
  instance.state = *next_state(instance.state, InstanceEvent::extend);
  instance.expires_at.reset();
  instance.longest_until.reset();
  instance.gone_at.reset();
  apply(transaction, instance, InstanceEvent::start, now);
}

void join_queue(Transaction& transaction, Instance& instance) {
  instance.queue_number = transaction.next_queue_number();
  instance.turn = std::max(transaction.served_turn(), transaction.last_turn_of(instance.share) + 1);
}

Admission admit_waiting(Transaction& transaction, const HostLimits& limits, TimePoint now) {
  using enum InstanceState;
  Admission admission{.admitted = {},
                      .active = transaction.count_instances({}, {starting, running, asleep}),
                      .waiting = transaction.count_instances({}, {queued})};
  const std::size_t being_started = admission.waiting == 0 ? 0 : transaction.count_instances({}, {starting});
  if (admission.waiting == 0 || admission.active >= limits.most_active || being_started >= limits.most_starting) {
    return admission;
  }
  const std::size_t room = std::min(limits.most_active - admission.active, limits.most_starting - being_started);
  std::uint64_t turn = 0;
  for (Instance& instance : transaction.list_queued(room)) {
    turn = std::max(turn, instance.turn);
    apply(transaction, instance, InstanceEvent::admit, now);
    admission.admitted.push_back(instance.id);
  }
  transaction.set_served_turn(turn);
  admission.active += admission.admitted.size();
  admission.waiting -= admission.admitted.size();
  return admission;
}

}  // namespace berth::core
