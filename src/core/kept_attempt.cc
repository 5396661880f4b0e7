// SPDX-License-Identifier: Apache-2.0
#include "core/kept_attempt.h"

#include <algorithm>

#include "base/error.h"
#include "core/attempt_rules.h"
#include "core/instance_rules.h"
#include "core/plain_text.h"

namespace berth::core {
namespace {

using enum AttemptState;

constexpr Milliseconds longest_notice = std::chrono::days{1};

std::vector<Instance> machines_of(Transaction& transaction, const Attempt& attempt) {
  std::vector<Instance> machines;
  for (const AttemptMachine& machine : attempt.machines) {
    if (auto instance = transaction.find_instance(machine.instance)) {
      machines.push_back(std::move(*instance));
    }
  }
  return machines;
}

void require_under_way(const Attempt& attempt) {
  if (is_over(attempt.state)) {
    throw Error(ErrorKind::conflict, "this attempt is over; start the lab again");
  }
}

}  // namespace

bool is_resumable(const Instance& machine) { return machine.gone_by.has_value(); }

std::vector<InstanceId> keep_attempt(Transaction& transaction, Attempt& attempt, TimePoint now,
                                     const std::string& reason) {
  std::vector<InstanceId> halted;
  TimePoint until = TimePoint::max();
  for (Instance& machine : machines_of(transaction, attempt)) {
    if (machine.state != InstanceState::grace) {
      apply(transaction, machine, InstanceEvent::expire, now, reason);
      halted.push_back(machine.id);
    }
    until = std::min(until, machine.gone_at.value_or(until));
  }
  attempt.state = stopped;
  attempt.reason = plain_text(reason);
  attempt.stopped_at = attempt.stopped_at.value_or(now);
  attempt.kept_until = until;
  attempt.notice_at = until - std::min(longest_notice, (until - now) / 2);
  transaction.put_attempt(attempt);
  note(transaction, attempt, EventType::attempt_stopped, now,
       *attempt.reason + "; it can be resumed until " + format_time(until));
  return halted;
}

std::vector<InstanceId> stop_attempt(Transaction& transaction, Attempt& attempt, TimePoint now) {
  require_under_way(attempt);
  const std::vector<Instance> machines = machines_of(transaction, attempt);
  if (attempt.state == stopped) {
    return {};
  }
  if (!attempt.started_at) {
    throw Error(ErrorKind::conflict, "the lab has not started yet; there is nothing to keep, so leave it instead");
  }
  if (machines.empty() || !is_resumable(machines.front())) {
    throw Error(ErrorKind::conflict, "this lab cannot be resumed later, so it is not stopped; leave it instead");
  }
  return keep_attempt(transaction, attempt, now, "it was stopped");
}

std::vector<InstanceId> resume_attempt(Transaction& transaction, Attempt& attempt, const HostLimits& limits,
                                       TimePoint now) {
  require_under_way(attempt);
  if (attempt.state != stopped) {
    return {};
  }
  check_queue(transaction, limits);
  std::vector<InstanceId> renewed;
  for (Instance& machine : machines_of(transaction, attempt)) {
    renew(transaction, machine, now);
    renewed.push_back(machine.id);
  }
  attempt.state = waiting;
  attempt.reason.reset();
  attempt.expires_at.reset();
  attempt.kept_until.reset();
  attempt.notice_at.reset();
  transaction.put_attempt(attempt);
  return renewed;
}

void check_resumables(Transaction& transaction, const Caller& caller, const Lab& lab, std::uint32_t most) {
  if (!lab.manifest.resumable || caller.account.role == Role::candidate) {  // an invitation has its own bound
    return;
  }
  std::vector<std::string> kept;
  for (const Attempt& attempt : transaction.list_attempts(
           {.account = caller.account.id, .lab_name = {}, .states = states_under_way(), .before = {}, .limit = 0})) {
    if (transaction.find_lab(attempt.lab).value().manifest.resumable) {
      kept.push_back(attempt.lab_name);
    }
  }
  if (kept.size() >= most) {
    throw Error(ErrorKind::conflict, "you are at the resumable lab '" + kept.front() + "' and may have " +
                                         std::to_string(most) +
                                         " such attempt at a time; resume it and go on, or leave it first");
  }
}

void tell_leaving(Transaction& transaction, TimePoint now) {
  for (Attempt& attempt :
       transaction.list_attempts({.account = {}, .lab_name = {}, .states = {stopped}, .before = {}, .limit = 0})) {
    if (attempt.notice_at && *attempt.notice_at <= now) {
      attempt.notice_at.reset();
      transaction.put_attempt(attempt);
      note(transaction, attempt, EventType::attempt_leaving, now,
           "what you did in it is gone on " + format_time(attempt.kept_until.value()) + ", unless you resume it");
    }
  }
}

}  // namespace berth::core
