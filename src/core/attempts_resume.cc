// SPDX-License-Identifier: Apache-2.0
// Attempts at resumable labs: stop, resume, and the notice before what was kept is gone.

#include <utility>

#include "async/time_limit.h"
#include "base/error.h"
#include "core/attempt_rules.h"
#include "core/kept_attempt.h"

namespace berth::core {
namespace {

constexpr Milliseconds halt_limit{20'000};
constexpr Milliseconds notices_every{60'000};

}  // namespace

async::Task<ShownAttempt> Attempts::stop(Caller caller, AttemptId id) {
  require(caller, Scope::instances_write);
  const TimePoint now = surroundings_.clock.now();
  std::vector<InstanceId> halted;
  Admission admission;
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Attempt attempt = visible_attempt(transaction, caller, id);
    halted = stop_attempt(transaction, attempt, now);
    admission = admit_waiting(transaction, surroundings_.reconciler.limits(), now);
  });
  surroundings_.reconciler.take(admission);
  surroundings_.reconciler.wake(halted);
  for (const InstanceId& machine : halted) {
    co_await surroundings_.reconciler.settled(machine, halt_limit);
  }
  co_return co_await find(std::move(caller), id);
}

async::Task<ShownAttempt> Attempts::resume(Caller caller, AttemptId id, Milliseconds wait) {
  require(caller, Scope::instances_write);
  co_await queue_again(caller, id);
  if (wait > Milliseconds{0}) {
    co_await async::finishes_within(wait_until_begun(id), wait);
  }
  co_return co_await find(std::move(caller), id);
}

async::Task<> Attempts::queue_again(Caller caller, AttemptId id) {
  const TimePoint now = surroundings_.clock.now();
  std::vector<InstanceId> renewed;
  Admission admission;
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Attempt attempt = visible_attempt(transaction, caller, id);
    renewed = resume_attempt(transaction, attempt, surroundings_.reconciler.limits(), now);
    admission = admit_waiting(transaction, surroundings_.reconciler.limits(), now);
  });
  surroundings_.reconciler.take(admission);
  surroundings_.reconciler.wake(renewed);
}

async::Task<> Attempts::give_notice() {
  co_await surroundings_.journal.transact(
      [&](Transaction& transaction) { tell_leaving(transaction, surroundings_.clock.now()); });
}

async::Task<> Attempts::give_notices() {
  for (;;) {
    try {
      co_await give_notice();
    } catch (const Error& error) {
      surroundings_.log(std::string("notices: ") + error.what());
    }
    co_await async::pause_for(notices_every);
  }
}

}  // namespace berth::core
