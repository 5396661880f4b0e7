// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/instances.h"
#include "core/labs.h"
#include "core/verdict.h"

namespace berth::core {

struct ShownMachine {
  std::string name;
  ShownInstance shown;
};

struct CheckWork;

// An attempt as its account sees it.
struct ShownAttempt {
  Attempt attempt;
  Lab lab;
  std::vector<ShownMachine> machines;
  std::optional<Check> last_check;
};

struct AttemptQuery {
  std::optional<std::string> lab;
  bool everyone = false;  // of all accounts
  std::optional<std::string> cursor;
  std::size_t limit = 50;
};

// The use cases of learners: start, check, hint, stop, resume, leave. What the caller may not see is Error{not_found}.
// Lives as long as the server; cancelling one stops the waiting, not the work.
class Attempts {
 public:
  struct Surroundings {
    Journal& journal;
    Leases& leases;
    Reconciler& reconciler;
    Runtime& runtime;
    const Clock& clock;
    async::TaskGroup& tasks;
    std::function<void(const std::string&)> log;
    std::function<void()> on_solved = {};  // after what follows from it is stored
    std::uint32_t most_resumable = 1;      // attempts of one account at resumable labs that are not over
  };
  explicit Attempts(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}

  // The one that is not over, if there is one, resumed when it is stopped; else a new one. Waits up to `wait` until it
  // runs or failed.
  async::Task<ShownAttempt> start(Caller caller, std::string lab, std::optional<std::uint32_t> version,
                                  Milliseconds wait);
  async::Task<ShownAttempt> find(Caller caller, AttemptId id);
  async::Task<std::vector<ShownAttempt>> list(Caller caller, AttemptQuery query);
  // The time at which this is called counts. One at a time.
  async::Task<Check> check(Caller caller, AttemptId id);
  async::Task<std::vector<Check>> checks(Caller caller, AttemptId id);
  async::Task<ShownAttempt> take_hint(Caller caller, AttemptId id);
  // Of a resumable lab: its machines are halted, and kept for a while. Stopped already: nothing.
  async::Task<ShownAttempt> stop(Caller caller, AttemptId id);
  // Its machines start again, in their turn. Not stopped: nothing. Waits as start() does.
  async::Task<ShownAttempt> resume(Caller caller, AttemptId id, Milliseconds wait);
  // Gives up, or leaves what is solved. Over already: nothing.
  async::Task<ShownAttempt> end(Caller caller, AttemptId id);
  // The same for a use case that knows who may ask for it.
  async::Task<> leave(AttemptId id, std::string why);

  // Follows the machines of all attempts until cancelled; first goes on with what an earlier berthd began.
  async::Task<> run();
  // Tells of kept machines that will soon be gone. run() does it all the time.
  async::Task<> give_notice();

 private:
  async::Task<AttemptId> enter(Caller caller, std::string lab, std::optional<std::uint32_t> version);
  async::Task<> begin(Attempt attempt);
  async::Task<AttemptMachines> lease(Attempt attempt, Lab lab, LabFiles files);
  async::Task<> give_up(AttemptId id, std::string why);
  async::Task<> settle(AttemptId id);
  async::Task<> quietly(AttemptId id, async::Task<> work);
  async::Task<> destroy_machines(AttemptMachines machines);
  async::Task<> queue_again(Caller caller, AttemptId id);
  async::Task<> follow(std::uint64_t after);
  async::Task<> give_notices();
  async::Task<> wait_until_begun(AttemptId id);
  async::Task<Check> carry_out_check(Caller caller, AttemptId id, TimePoint at);
  async::Task<Judgement> judgement_of(CheckWork work);
  async::Task<Check> conclude(Check check, Judgement judgement);
  async::Task<> go_on_with(Attempt attempt);
  ShownAttempt with_waits(ShownAttempt shown) const;
  async::Task<CheckReport> ask(Attempt attempt, LabCheck check, std::string script);

  Surroundings surroundings_;
  std::map<InstanceId, AttemptId> machines_;  // of attempts that are not over
  std::set<AttemptId> checking_;
};

}  // namespace berth::core
