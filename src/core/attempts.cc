// SPDX-License-Identifier: Apache-2.0
#include "core/attempts.h"

#include <algorithm>
#include <utility>

#include "async/carried_out.h"
#include "async/race.h"
#include "async/time_limit.h"
#include "base/error.h"
#include "core/attempt_rules.h"
#include "core/competition_rules.h"
#include "core/instance_rules.h"
#include "core/invitation_rules.h"
#include "core/kept_attempt.h"

namespace berth::core {
namespace {

constexpr std::size_t events_at_once = 200;

}  // namespace

async::Task<ShownAttempt> Attempts::start(Caller caller, std::string lab, std::optional<std::uint32_t> version,
                                          Milliseconds wait) {
  require(caller, Scope::instances_write);
  const AttemptId id = co_await async::carried_out(surroundings_.tasks, enter(caller, std::move(lab), version));
  if (wait > Milliseconds{0}) {
    co_await async::finishes_within(wait_until_begun(id), wait);
  }
  co_return co_await find(std::move(caller), id);
}

async::Task<AttemptId> Attempts::enter(Caller caller, std::string lab, std::optional<std::uint32_t> version) {
  const TimePoint now = surroundings_.clock.now();
  bool is_new = false;
  const Attempt attempt = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    const Lab wanted = visible_lab(transaction, caller, lab, version, now);
    const auto under_way = transaction.list_attempts({.account = caller.account.id,
                                                      .lab_name = wanted.name,
                                                      .states = states_under_way(),
                                                      .before = {},
                                                      .limit = 1});
    if (!under_way.empty()) {
      return under_way.front();
    }
    check_resumables(transaction, caller, wanted, surroundings_.most_resumable);
    if (wanted.state != LabState::published && !may_change(caller, wanted)) {
      throw Error(ErrorKind::conflict, "this version is not in the catalogue any more; start the lab as it is now");
    }
    check_attempts_left(transaction, caller, wanted.name);
    const Attempt begun = draft_attempt(caller, wanted, now);
    for (const std::string& machine : machines_of(wanted.manifest)) {
      check_room(transaction, draft_machine(begun, wanted, {}, machine), surroundings_.reconciler.limits());
    }
    transaction.put_attempt(begun);
    is_new = true;
    return begun;
  });
  if (is_new) {
    co_await begin(attempt);
  } else if (attempt.state == AttemptState::stopped) {
    co_await queue_again(caller, attempt.id);
  }
  co_return attempt.id;
}

// Asks for its machines. Repeatable: each has a key of its own.
async::Task<> Attempts::begin(Attempt attempt) {
  std::optional<Error> failure;
  try {
    auto [lab, files] = co_await surroundings_.journal.transact([&](Transaction& transaction) {
      auto contents = transaction.find_lab_contents(attempt.lab);
      Lab known = transaction.find_lab(attempt.lab).value();
      const RecordingPolicy policy =
          under_embargo(transaction, attempt, recording_of(transaction, attempt.account, known.manifest));
      known.manifest.recording = policy.kind;
      known.manifest.embargo_until = policy.until;
      return std::pair(std::move(known), contents ? std::move(contents->files) : LabFiles{});
    });
    attempt.machines = co_await lease(attempt, std::move(lab), std::move(files));
  } catch (const Error& error) {
    failure = error;
  }
  const bool left = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Attempt known = transaction.find_attempt(attempt.id).value();
    known.machines = attempt.machines;
    const bool over = is_over(known.state);  // it was left meanwhile
    if (failure && !over) {
      finish(transaction, known, AttemptState::failed, surroundings_.clock.now(), failure->what());
    } else {
      transaction.put_attempt(known);
    }
    return over;
  });
  if (failure) {
    throw Error(*failure);
  }
  if (left) {
    co_return co_await destroy_machines(std::move(attempt.machines));
  }
  for (const AttemptMachine& machine : attempt.machines) {
    machines_[machine.instance] = attempt.id;
  }
  co_await settle(attempt.id);
}

async::Task<AttemptMachines> Attempts::lease(Attempt attempt, Lab lab, LabFiles files) {
  AttemptMachines machines;
  std::optional<Error> failure;
  try {
    for (const std::string& machine : machines_of(lab.manifest)) {
      const Instance begun = co_await surroundings_.leases.begin(
          draft_machine(attempt, lab, files, machine),
          [](Transaction& transaction, const Instance& draft) { return earlier_instance(transaction, draft); });
      machines.push_back({.name = machine, .instance = begun.id});
    }
  } catch (const Error& error) {
    failure = error;
  }
  if (failure) {
    co_await destroy_machines(std::move(machines));
    throw Error(*failure);
  }
  co_return machines;
}

async::Task<> Attempts::wait_until_begun(AttemptId id) {
  for (;;) {
    const unsigned long seen = surroundings_.journal.appended().count();
    const auto attempt =
        co_await surroundings_.journal.transact([&](Transaction& transaction) { return transaction.find_attempt(id); });
    if (!attempt || attempt->state != AttemptState::waiting) {
      co_return;
    }
    co_await surroundings_.journal.appended().wait_beyond(seen);
  }
}

async::Task<ShownAttempt> Attempts::find(Caller caller, AttemptId id) {
  require(caller, Scope::instances_read);
  co_return with_waits(co_await surroundings_.journal.transact(
      [&](Transaction& transaction) { return shown_attempt(transaction, visible_attempt(transaction, caller, id)); }));
}

async::Task<std::vector<ShownAttempt>> Attempts::list(Caller caller, AttemptQuery query) {
  require(caller, query.everyone ? Scope::accounts_write : Scope::instances_read);
  AttemptFilter filter{
      .account = caller.account.id, .lab_name = query.lab, .states = {}, .before = query.cursor, .limit = query.limit};
  if (query.everyone) {
    filter.account.reset();
  }
  auto list = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    std::vector<ShownAttempt> found;
    for (Attempt& attempt : transaction.list_attempts(filter)) {
      found.push_back(shown_attempt(transaction, std::move(attempt)));
    }
    return found;
  });
  for (ShownAttempt& each : list) {
    each = with_waits(std::move(each));
  }
  co_return list;
}

ShownAttempt Attempts::with_waits(ShownAttempt shown) const {
  for (ShownMachine& machine : shown.machines) {
    machine.shown = with_wait(std::move(machine.shown), surroundings_.reconciler);
  }
  return shown;
}

async::Task<CheckReport> Attempts::ask(Attempt attempt, LabCheck check, std::string script) {
  CheckSpec spec{.inside = check.mode == CheckMode::inside, .seconds = check.seconds, .machines = {}};
  InstanceId first = attempt.machines.front().instance;
  for (const AttemptMachine& machine : attempt.machines) {
    if (machine.name == check.machine) {
      first = machine.instance;
    }
    if (attempt.machines.size() > 1) {
      spec.machines.push_back({.name = machine.name, .id = machine.instance.text()});
    }
  }
  co_return co_await surroundings_.runtime.check(first, std::move(spec), std::move(script));
}

async::Task<Check> Attempts::check(Caller caller, AttemptId id) {
  require(caller, Scope::instances_write);
  co_return co_await async::carried_out(surroundings_.tasks,
                                        carry_out_check(std::move(caller), std::move(id), surroundings_.clock.now()));
}

// That it was asked for is stored first: a berthd that is killed meanwhile carries it out when it is back.
async::Task<Check> Attempts::carry_out_check(Caller caller, AttemptId id, TimePoint at) {
  if (!checking_.insert(id).second) {
    throw Error(ErrorKind::conflict, "a check is under way; wait for its answer");
  }
  struct Busy {
    std::set<AttemptId>& checking;
    const AttemptId& id;
    ~Busy() { checking.erase(id); }
  } const until_the_end{checking_, id};
  Check check{.id = random_name(16), .attempt = id, .at = at, .verdict = Verdict::pending};
  CheckWork work = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Attempt attempt = visible_attempt(transaction, caller, id);
    require_pace(transaction, attempt, at);
    CheckWork found = check_work(transaction, std::move(attempt));
    check.step = found.step;
    transaction.put_check(check);
    return found;
  });
  co_return co_await conclude(std::move(check), co_await judgement_of(std::move(work)));
}

async::Task<Judgement> Attempts::judgement_of(CheckWork work) {
  try {
    co_return judge(co_await ask(work.attempt, work.check, work.script), work.check);
  } catch (const Error& error) {
    co_return Judgement{Verdict::fault, error.what()};
  }
}

async::Task<Check> Attempts::conclude(Check check, Judgement judgement) {
  check.verdict = judgement.verdict;
  check.reason = judgement.reason;
  check.milliseconds = static_cast<std::uint64_t>((surroundings_.clock.now() - check.at).count());
  co_await surroundings_.journal.transact([&](Transaction& transaction) { record_check(transaction, check); });
  if (check.verdict == Verdict::solved && surroundings_.on_solved) {
    surroundings_.on_solved();
  }
  co_return check;
}

async::Task<std::vector<Check>> Attempts::checks(Caller caller, AttemptId id) {
  require(caller, Scope::instances_read);
  co_return co_await surroundings_.journal.transact([&](Transaction& transaction) {
    visible_attempt(transaction, caller, id);
    return judged_checks(transaction, id);
  });
}

async::Task<ShownAttempt> Attempts::take_hint(Caller caller, AttemptId id) {
  require(caller, Scope::instances_write);
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    add_hint(transaction, visible_attempt(transaction, caller, id), surroundings_.clock.now());
  });
  co_return co_await find(std::move(caller), id);
}

async::Task<ShownAttempt> Attempts::end(Caller caller, AttemptId id) {
  require(caller, Scope::instances_write);
  co_await surroundings_.journal.transact([&](Transaction& transaction) { visible_attempt(transaction, caller, id); });
  co_await leave(id, "it was left");
  co_return co_await find(std::move(caller), id);
}

async::Task<> Attempts::leave(AttemptId id, std::string why) {
  return async::carried_out(surroundings_.tasks, give_up(std::move(id), std::move(why)));
}

async::Task<> Attempts::give_up(AttemptId id, std::string why) {
  const AttemptMachines machines = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    auto attempt = transaction.find_attempt(id);
    if (!attempt || is_over(attempt->state)) {
      return AttemptMachines{};
    }
    finish(transaction, *attempt, AttemptState::given_up, surroundings_.clock.now(), why);
    return attempt->machines;
  });
  co_await destroy_machines(machines);
}

async::Task<> Attempts::destroy_machines(AttemptMachines machines) {
  for (const AttemptMachine& machine : machines) {
    machines_.erase(machine.instance);
    co_await surroundings_.reconciler.destroy(machine.instance);
  }
}

// Makes the attempt what its machines are.
async::Task<> Attempts::settle(AttemptId id) {
  std::vector<InstanceId> halted;
  const AttemptMachines left = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    auto attempt = transaction.find_attempt(id);
    if (!attempt || is_over(attempt->state)) {
      return AttemptMachines{};
    }
    halted = follow_machines(transaction, *attempt, surroundings_.clock.now());
    return is_over(attempt->state) ? attempt->machines : AttemptMachines{};
  });
  surroundings_.reconciler.wake(halted);
  co_await destroy_machines(left);
}

async::Task<> Attempts::quietly(AttemptId id, async::Task<> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    surroundings_.log("attempt " + id.text() + ": " + error.what());
  }
}

// What was asked for before berthd was killed is judged now, and counts from when it was asked for.
async::Task<> Attempts::go_on_with(Attempt attempt) {
  const auto pending = co_await surroundings_.journal.transact(
      [&](Transaction& transaction) { return pending_checks(transaction, attempt.id); });
  for (const Check& check : pending) {
    Judgement judgement;
    try {
      judgement = co_await judgement_of(co_await surroundings_.journal.transact(
          [&](Transaction& transaction) { return check_work(transaction, attempt); }));
    } catch (const Error& error) {
      judgement = {Verdict::fault, error.what()};
    }
    co_await conclude(check, std::move(judgement));
  }
  co_await settle(attempt.id);
}

async::Task<> Attempts::run() {
  std::uint64_t after = 0;
  const std::vector<Attempt> known = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    after = transaction.last_event_sequence();
    return transaction.list_attempts(
        {.account = {}, .lab_name = {}, .states = states_under_way(), .before = {}, .limit = 0});
  });
  for (const Attempt& attempt : known) {
    for (const AttemptMachine& machine : attempt.machines) {
      machines_[machine.instance] = attempt.id;
    }
    if (attempt.machines.empty()) {
      co_await quietly(attempt.id, begin(attempt));  // in the order in which they were asked for
    } else {
      surroundings_.tasks.spawn(quietly(attempt.id, go_on_with(attempt)));
    }
  }
  co_await async::both(follow(after), give_notices());
}

async::Task<> Attempts::follow(std::uint64_t after) {
  for (;;) {
    const unsigned long seen = surroundings_.journal.appended().count();
    const std::vector<Event> events = co_await surroundings_.journal.transact([&](Transaction& transaction) {
      return transaction.list_events({.after = after, .account = {}, .instance = {}, .limit = events_at_once});
    });
    std::set<AttemptId> changed;
    for (const Event& event : events) {
      after = event.sequence;
      const auto found = event.instance ? machines_.find(*event.instance) : machines_.end();
      if (found != machines_.end() && is_about_state(event.type)) {
        changed.insert(found->second);
      }
    }
    for (const AttemptId& id : changed) {
      co_await quietly(id, settle(id));
    }
    if (events.empty()) {
      co_await surroundings_.journal.appended().wait_beyond(seen);
    }
  }
}

}  // namespace berth::core
