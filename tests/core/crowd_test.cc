// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <map>
#include <ranges>

#include "core/lab_host.h"

namespace berth::core {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using enum AttemptState;

class CrowdTest : public LabHost {
 protected:
  CrowdTest() : LabHost({.most_active = 40, .most_queued = 100}) {}

  // Who waits, by position.
  async::Task<std::map<std::size_t, AttemptId>> queue() {
    std::map<std::size_t, AttemptId> waiting;
    for (const ShownAttempt& each : co_await attempts.list(admin, {.everyone = true, .limit = 1000})) {
      if (!is_over(each.attempt.state) && each.machines.front().shown.queue_position) {
        waiting[*each.machines.front().shown.queue_position] = each.attempt.id;
      }
    }
    co_return waiting;
  }

  async::Task<> until_running(AttemptId id) {
    for (unsigned long seen = journal.appended().count();; seen = journal.appended().count()) {
      if ((co_await attempts.find(admin, id)).attempt.state == running) {
        co_return;
      }
      co_await journal.appended().wait_beyond(seen);
    }
  }

  async::Task<> a_hundred_learners_share_forty_places() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    std::vector<Caller> learners;
    for (int number = 0; number < 100; ++number) {
      learners.push_back(co_await caller("learner " + std::to_string(number)));
    }
    const auto press_start = [](Attempts& attempts, Caller who) -> async::Task<> {
      co_await attempts.start(who, "answer", {}, {});
    };
    async::TaskGroup pages{loop.get_executor()};
    for (const Caller& learner : learners) {
      pages.spawn(press_start(attempts, learner));
    }
    co_await pages.join();
    std::map<AttemptId, const Caller*> owners;
    for (const Caller& learner : learners) {
      const auto mine = co_await attempts.list(learner, {});
      EXPECT_THAT(mine, SizeIs(1));
      owners[mine.front().attempt.id] = &learner;
    }
    const auto waiting = co_await queue();
    EXPECT_THAT(waiting, SizeIs(60));
    EXPECT_EQ(waiting.rbegin()->first, 60U);  // honest: each position once
    std::deque<AttemptId> inside;
    for (const auto& [id, owner] : owners) {
      if (std::ranges::find(waiting | std::views::values, id) == (waiting | std::views::values).end()) {
        inside.push_back(id);
      }
    }
    for (const auto& [position, id] : waiting) {  // one leaves, and the first in the queue comes in
      co_await attempts.end(*owners.at(inside.front()), inside.front());
      inside.pop_front();
      co_await until_running(id);
      inside.push_back(id);
    }
    EXPECT_THAT(co_await queue(), IsEmpty());
  }
};

TEST_F(CrowdTest, AHundredLearnersShareFortyPlaces) { run(a_hundred_learners_share_forty_places()); }

}  // namespace
}  // namespace berth::core
