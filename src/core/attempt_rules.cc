// SPDX-License-Identifier: Apache-2.0
#include "core/attempt_rules.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "core/competition_rules.h"
#include "core/instance_rules.h"
#include "core/kept_attempt.h"
#include "core/plain_text.h"

namespace berth::core {
namespace {

using enum AttemptState;

EventType end_of(AttemptState state) {
  switch (state) {
    case expired:
      return EventType::attempt_expired;
    case given_up:
      return EventType::attempt_given_up;
    case failed:
      return EventType::attempt_failed;
    default:
      return EventType::attempt_ended;
  }
}

const char* why_not_checked(AttemptState state) {
  switch (state) {
    case waiting:
      return "its machines are not ready yet; wait until they run";
    case stopped:
      return "it is stopped; resume it first";
    case solved:
      return "it is solved already";
    default:
      return "this attempt is over; start the lab again";
  }
}

void begin_clock(Transaction& transaction, Attempt& attempt, std::vector<Instance> machines, TimePoint now) {
  const bool alone = machines.size() == 1;
  const TimePoint begin = alone ? machines.front().started_at.value_or(now) : now;
  const TimePoint end = begin + machines.front().plan.lifetime;
  attempt.expires_at = std::min(end, machines.front().gone_by.value_or(end));
  for (Instance& machine : machines) {
    if (!alone) {
      machine.expires_at = machine.longest_until = attempt.expires_at;  // one clock for all of them
      transaction.put_instance(machine);
    }
    attempt.expires_at = std::min(*attempt.expires_at, machine.expires_at.value_or(*attempt.expires_at));
  }
  const bool resumed = attempt.started_at.has_value();
  attempt.state = attempt.solved_at ? solved : running;
  attempt.started_at = attempt.started_at.value_or(begin);
  if (attempt.stopped_at && !attempt.solved_at) {
    attempt.paused += std::chrono::duration_cast<Seconds>(begin - *attempt.stopped_at);
  }
  attempt.stopped_at.reset();
  transaction.put_attempt(attempt);
  note(transaction, attempt, resumed ? EventType::attempt_resumed : EventType::attempt_started, now,
       resumed ? "goes on" : "started");
}

// One of its machines is gone.
void end_without_machine(Transaction& transaction, Attempt& attempt, const std::optional<Instance>& machine,
                         TimePoint now) {
  const std::optional<TimePoint> end = attempt.state == stopped ? attempt.kept_until : attempt.expires_at;
  const bool all_over = machine && machine->gone_by && now >= *machine->gone_by;
  if (all_over || (end && now >= *end)) {
    return finish(transaction, attempt, expired, now,
                  attempt.state == stopped ? "it was not resumed in time" : "the time is over");
  }
  finish(transaction, attempt, given_up, now, "a machine was destroyed");
}

}  // namespace

bool is_about_state(EventType type) {
  using enum EventType;
  return type == instance_running || type == instance_failed || type == instance_gone || type == instance_grace;
}

Attempt draft_attempt(const Caller& caller, const Lab& lab, TimePoint now) {
  if (caller.account.role == Role::guest && !lab.plan.guests) {
    throw Error(ErrorKind::forbidden, "this lab is not for guests; sign in with an account");
  }
  Attempt attempt;
  attempt.id = AttemptId(random_name(12));
  attempt.account = caller.account.id;
  attempt.lab = lab.id;
  attempt.lab_name = lab.name;
  attempt.created_at = now;
  return attempt;
}

Instance draft_machine(const Attempt& attempt, const Lab& lab, const LabFiles& files, const std::string& machine) {
  Instance draft;
  draft.account = attempt.account;
  draft.share = attempt.account.text();
  draft.image = image_of(lab, machine);
  draft.name = lab.manifest.machines.empty() ? lab.name : machine;
  draft.plan = lab.plan;
  draft.lifetime = lab.plan.lifetime;
  draft.created_at = attempt.created_at;
  draft.launch = launch_of(files, machine);
  if (const std::vector<std::string> machines = machines_of(lab.manifest); machines.size() > 1) {
    const auto position = std::ranges::find(machines, machine) - machines.begin();
    draft.launch.network = {
        .name = attempt.id.text(), .position = static_cast<std::uint32_t>(position), .machines = machines};
  }
  draft.recording = {.kind = lab.manifest.recording, .until = lab.manifest.embargo_until};
  if (lab.manifest.resumable) {
    draft.gone_by = attempt.created_at + std::chrono::days{lab.manifest.keep.most_days};
  }
  draft.idempotency_key = "attempt:" + attempt.id.text() + ":" + machine;
  return draft;
}

Attempt visible_attempt(Transaction& transaction, const Caller& caller, const AttemptId& id) {
  auto attempt = transaction.find_attempt(id);
  if (!attempt || !may_touch(caller, attempt->account)) {
    throw Error(ErrorKind::not_found, "there is no such attempt");
  }
  return std::move(*attempt);
}

ShownAttempt shown_attempt(Transaction& transaction, Attempt attempt) {
  ShownAttempt shown{.attempt = std::move(attempt), .lab = {}, .machines = {}, .last_check = {}};
  shown.lab = transaction.find_lab(shown.attempt.lab).value();
  const auto checks = judged_checks(transaction, shown.attempt.id);
  if (!checks.empty()) {
    shown.last_check = checks.back();
  }
  for (const AttemptMachine& machine : shown.attempt.machines) {
    if (auto instance = transaction.find_instance(machine.instance)) {
      shown.machines.push_back({machine.name, shown_instance(transaction, std::move(*instance))});
    }
  }
  return shown;
}

CheckWork check_work(Transaction& transaction, Attempt attempt) {
  if (attempt.state != running) {
    throw Error(ErrorKind::conflict, why_not_checked(attempt.state));
  }
  for (const AttemptMachine& machine : attempt.machines) {
    if (const auto instance = transaction.find_instance(machine.instance)) {
      check_running(*instance);
    }
  }
  const Lab lab = transaction.find_lab(attempt.lab).value();
  const LabFiles files = transaction.find_lab_contents(attempt.lab).value().files;
  CheckWork work{.attempt = std::move(attempt), .check = lab.manifest.check, .script = {}, .step = 0};
  if (!lab.manifest.steps.empty()) {
    work.step = work.attempt.steps_done + 1;
  }
  work.script = files.at(work.step == 0 ? "check" : "check-" + std::to_string(work.step));
  return work;
}

std::vector<Check> judged_checks(Transaction& transaction, const AttemptId& attempt) {
  std::vector<Check> checks = transaction.list_checks(attempt);
  std::erase_if(checks, [](const Check& check) { return check.verdict == Verdict::pending; });
  return checks;
}

std::vector<Check> pending_checks(Transaction& transaction, const AttemptId& attempt) {
  std::vector<Check> checks = transaction.list_checks(attempt);
  std::erase_if(checks, [](const Check& check) { return check.verdict != Verdict::pending; });
  return checks;
}

void record_check(Transaction& transaction, const Check& check) {
  transaction.put_check(check);
  Attempt attempt = transaction.find_attempt(check.attempt).value();
  const Lab lab = transaction.find_lab(attempt.lab).value();
  const bool in_time =
      attempt.expires_at && check.at < *attempt.expires_at && (!attempt.stopped_at || check.at < *attempt.stopped_at);
  const bool counts = attempt.state == running || ((attempt.state == expired || attempt.state == stopped) && in_time);
  if (!counts) {
    return;
  }
  if (check.verdict == Verdict::fault) {
    return note(transaction, attempt, EventType::attempt_checked, check.at, "it could not be checked", check.verdict);
  }
  ++attempt.checks;
  if (check.verdict == Verdict::solved && check.step > attempt.steps_done) {
    attempt.steps_done = check.step;
  }
  const bool done = check.verdict == Verdict::solved && attempt.steps_done >= lab.manifest.steps.size();
  if (done) {
    attempt.state = attempt.state == running ? solved : attempt.state == stopped ? stopped : ended;
    attempt.solved_at = check.at;
    count_solve(transaction, attempt, check);
  }
  transaction.put_attempt(attempt);
  note(transaction, attempt, done ? EventType::attempt_solved : EventType::attempt_checked, check.at,
       done ? "solved" : (check.verdict == Verdict::solved ? "a step is done" : "not solved yet"), check.verdict);
}

void add_hint(Transaction& transaction, Attempt attempt, TimePoint now) {
  if (attempt.state != running && attempt.state != solved) {
    throw Error(ErrorKind::conflict, attempt.state == waiting   ? "the lab has not started yet; hints come with it"
                                     : attempt.state == stopped ? "it is stopped; resume it first"
                                                                : "this attempt is over; start the lab again");
  }
  require_hints(transaction, attempt, now);
  const Lab lab = transaction.find_lab(attempt.lab).value();
  if (attempt.hints >= lab.manifest.hints.size()) {
    throw Error(ErrorKind::conflict, "there are no more hints");
  }
  ++attempt.hints;
  transaction.put_attempt(attempt);
  note(transaction, attempt, EventType::attempt_hint, now, "hint " + std::to_string(attempt.hints) + " was taken");
}

void finish(Transaction& transaction, Attempt& attempt, AttemptState state, TimePoint now, const std::string& reason) {
  attempt.state = attempt.solved_at ? ended : state;
  attempt.kept_until.reset();
  attempt.notice_at.reset();
  attempt.reason = plain_text(reason);
  attempt.ended_at = now;
  transaction.put_attempt(attempt);
  note(transaction, attempt, end_of(attempt.state), now, *attempt.reason);
}

std::vector<InstanceId> follow_machines(Transaction& transaction, Attempt& attempt, TimePoint now) {
  std::vector<Instance> machines;
  for (const AttemptMachine& machine : attempt.machines) {
    auto instance = transaction.find_instance(machine.instance);
    if (!instance || instance->state == InstanceState::gone) {
      end_without_machine(transaction, attempt, instance, now);
      return {};
    }
    machines.push_back(std::move(*instance));
  }
  const auto broken = std::ranges::find(machines, InstanceState::failed, &Instance::state);
  const bool has_failed = broken != machines.end();
  const bool lease_over = std::ranges::find(machines, InstanceState::grace, &Instance::state) != machines.end();
  const bool all_run = !machines.empty() && std::ranges::all_of(machines, [](const Instance& machine) {
    return machine.state == InstanceState::running;
  });
  const std::string failure = has_failed ? "a machine failed: " + broken->reason.value_or("for an unknown reason") : "";
  if (attempt.state == stopped) {
    return {};
  }
  if ((has_failed || lease_over) && attempt.started_at && is_resumable(machines.front())) {
    return keep_attempt(transaction, attempt, now, has_failed ? failure : "the time is over");
  }
  if (has_failed) {
    finish(transaction, attempt, failed, now, failure);
  } else if (lease_over) {
    end_without_machine(transaction, attempt, machines.front(), now);
  } else if (attempt.state == waiting && all_run) {
    begin_clock(transaction, attempt, std::move(machines), now);
  }
  return {};
}

void note(Transaction& transaction, const Attempt& attempt, EventType type, TimePoint now, const std::string& detail,
          std::optional<Verdict> verdict) {
  std::optional<InstanceId> machine;
  if (!attempt.machines.empty()) {
    machine = attempt.machines.front().instance;
  }
  transaction.append_event(Event{.type = type,
                                 .at = now,
                                 .account = attempt.account,
                                 .instance = machine,
                                 .image = {},
                                 .attempt = attempt.id,
                                 .lab = attempt.lab_name,
                                 .verdict = verdict,
                                 .detail = "lab " + attempt.lab_name + ": " + detail});
}

}  // namespace berth::core
