// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/lab_host.h"

namespace berth::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using wire::Operation;
using enum AttemptState;

class LabsTest : public LabHost {
 protected:
  async::Task<> a_lab_is_prepared_published_and_found() {
    const LabPage uploaded = co_await labs.upload(admin, "answer", package());
    EXPECT_EQ(uploaded.shown.lab.state, LabState::preparing);
    co_await until_prepared("answer");
    const Caller ann = co_await caller("ann");
    EXPECT_THAT(co_await labs.list(ann, {}), IsEmpty());
    EXPECT_EQ(co_await kind_of(labs.find(ann, "answer", {})), "not_found");
    EXPECT_EQ(co_await kind_of(attempts.start(ann, "answer", 1, {})), "not_found");
    co_await labs.publish(admin, "answer", 1);
    const LabPage seen = co_await labs.find(ann, "answer", {});
    EXPECT_EQ(seen.shown.lab.manifest.title, "The answer");
    EXPECT_THAT(seen.versions, IsEmpty());
    EXPECT_EQ(seen.files.size(), 1U);  // the task, and no check
    EXPECT_EQ((co_await labs.list(ann, {.words = "THE files"})).size(), 1U);
    EXPECT_THAT(co_await labs.list(ann, {.words = "other"}), IsEmpty());
    EXPECT_THAT(co_await labs.list(ann, {.difficulty = LabDifficulty::hard}), IsEmpty());
  }

  async::Task<> all_faults_of_a_package_are_told() {
    LabPackage wrong = package();
    wrong.manifest.minutes = 0;
    wrong.manifest.check.machine = "web";
    wrong.files.erase("task.md");
    wrong.files["check"] = "echo OK";
    wrong.files["evil"] = "#!/bin/sh";
    const Failure failure = co_await failure_of(without_result(labs.upload(admin, "Answer", wrong)));
    EXPECT_EQ(failure.kind, "invalid_argument");
    for (const char* fault : {"the name of a lab", "minutes", "check.machine", "task.md: the file is missing",
                              "a script begins with its interpreter", "'evil'"}) {
      EXPECT_THAT(failure.message, HasSubstr(fault));
    }
    const Caller ann = co_await caller("ann");
    EXPECT_EQ(co_await kind_of(labs.upload(ann, "answer", package())), "forbidden");
  }

  async::Task<> a_lab_that_cannot_be_prepared_says_why() {
    library.faults().fail_next(Operation::commit_image, Error(ErrorKind::unavailable, "the disk is full"));
    co_await labs.upload(admin, "answer", package());
    co_await until_prepared("answer");
    const LabPage page = co_await labs.find(admin, "answer", {});
    EXPECT_EQ(page.shown.lab.state, LabState::failed);
    EXPECT_EQ(page.shown.lab.reason, "the disk is full");
    EXPECT_EQ(co_await kind_of(labs.publish(admin, "answer", 1)), "conflict");
    for (const Instance& left : co_await journal.transact([](Transaction& transaction) {
           return transaction.list_instances({.account = {}, .states = {InstanceState::running}, .before = {}});
         })) {
      ADD_FAILURE() << left.name << " is left";
    }
  }

  async::Task<> an_attempt_is_checked_until_it_is_solved() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    const AttemptId id = begun.attempt.id;
    EXPECT_EQ(begun.attempt.state, running);
    EXPECT_EQ(begun.attempt.expires_at, clock.now() + Seconds{20 * 60});
    EXPECT_EQ((co_await begin(ann, "answer")).attempt.id, id);              // a second start finds it
    EXPECT_EQ((co_await attempts.check(ann, id)).verdict, Verdict::fault);  // there is no answer to read
    co_await answer(ann, begun, "NO\nnot even warm\n");
    clock.advance(Seconds{60});
    const Check no = co_await attempts.check(ann, id);
    EXPECT_EQ(no.verdict, Verdict::not_yet);
    EXPECT_EQ(no.reason, "not even warm");
    co_await answer(ann, begun, "OK well done\n");
    clock.advance(Seconds{60});
    EXPECT_EQ((co_await attempts.check(ann, id)).verdict, Verdict::solved);
    const ShownAttempt after = co_await attempts.find(ann, id);
    EXPECT_EQ(after.attempt.state, solved);
    EXPECT_EQ(*after.attempt.solved_at - *after.attempt.started_at, Seconds{120});
    EXPECT_EQ(after.attempt.checks, 2U);  // a fault is none of theirs
    EXPECT_EQ(after.last_check->reason, "well done");
    EXPECT_EQ(co_await kind_of(attempts.check(ann, id)), "conflict");
    const auto listed = co_await labs.list(ann, {});
    EXPECT_TRUE(listed.front().solved);
    EXPECT_EQ(listed.front().best, Seconds{120});
    EXPECT_EQ((co_await attempts.end(ann, id)).attempt.state, ended);
    co_await reconciler.settled(begun.machines.front().shown.instance.id, Seconds{10});
    EXPECT_FALSE(runtime.exists(begun.machines.front().shown.instance.id));
  }

  async::Task<> others_do_not_see_an_attempt() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const Caller bob = co_await caller("bob");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    EXPECT_EQ(co_await kind_of(attempts.find(bob, id)), "not_found");
    EXPECT_EQ(co_await kind_of(attempts.check(bob, id)), "not_found");
    EXPECT_EQ(co_await kind_of(attempts.take_hint(bob, id)), "not_found");
    EXPECT_EQ(co_await kind_of(attempts.end(bob, id)), "not_found");
    EXPECT_THAT(co_await attempts.list(bob, {}), IsEmpty());
    EXPECT_EQ(co_await kind_of(attempts.list(bob, {.everyone = true})), "forbidden");
    EXPECT_EQ((co_await attempts.list(admin, {.everyone = true})).size(), 1U);
  }

  async::Task<> a_lab_is_no_image_to_start_from() {
    co_await publish("answer", package());
    const Caller ann = co_await caller("ann");
    EXPECT_EQ((co_await images.list(ann)).size(), 1U);
    EXPECT_EQ(co_await kind_of(images.find(ann, ImageName("lab-answer-1"))), "not_found");
    const NewInstance without_clock{.image = ImageName("lab-answer-1")};
    EXPECT_EQ(co_await kind_of(instances.create(ann, without_clock)), "invalid_argument");
    EXPECT_EQ((co_await start(admin, without_clock)).instance.state, InstanceState::running);
  }

  async::Task<> hints_come_one_by_one() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    EXPECT_EQ((co_await attempts.take_hint(ann, id)).attempt.hints, 1U);
    EXPECT_EQ((co_await attempts.take_hint(ann, id)).attempt.hints, 2U);
    EXPECT_EQ(co_await kind_of(attempts.take_hint(ann, id)), "conflict");
  }

  async::Task<> its_time_ends_it() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    clock.advance(Seconds{20 * 60});
    co_await reconciler.tick();
    EXPECT_EQ(co_await state_when_over(ann, id), expired);
    EXPECT_NE((co_await begin(ann, "answer")).attempt.id, id);  // another try
  }

  async::Task<> events_say_how_an_attempt_went() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await answer(ann, begun, "NO\n");
    co_await attempts.check(ann, begun.attempt.id);
    co_await answer(ann, begun, "OK\n");
    clock.advance(Seconds{60});
    co_await attempts.check(ann, begun.attempt.id);
    co_await attempts.end(ann, begun.attempt.id);
    co_await attempts.end(ann, (co_await begin(ann, "answer")).attempt.id);
    const AttemptId late = (co_await begin(ann, "answer")).attempt.id;
    clock.advance(Seconds{20 * 60});
    co_await reconciler.tick();
    co_await state_when_over(ann, late);
    std::vector<std::pair<EventType, std::optional<Verdict>>> told;
    for (const Event& event : co_await events.list(ann, {.limit = 200})) {
      if (event.attempt) {
        EXPECT_EQ(event.lab, "answer");
        EXPECT_EQ(*event.attempt == begun.attempt.id, told.size() < 4);
        told.emplace_back(event.type, event.verdict);
      }
    }
    using enum EventType;
    const std::optional<Verdict> none;
    EXPECT_THAT(told, ElementsAre(std::pair(attempt_started, none), std::pair(attempt_checked, Verdict::not_yet),
                                  std::pair(attempt_solved, Verdict::solved), std::pair(attempt_ended, none),
                                  std::pair(attempt_started, none), std::pair(attempt_given_up, none),
                                  std::pair(attempt_started, none), std::pair(attempt_expired, none)));
  }

  async::Task<> a_check_asked_for_in_time_counts() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await answer(ann, begun, "OK\n");
    runtime.faults().hold(Operation::check);
    std::optional<Check> check;
    const auto ask = [](Attempts& attempts, Caller who, AttemptId id, std::optional<Check>& into) -> async::Task<> {
      into = co_await attempts.check(who, id);
    };
    clock.advance(Seconds{20 * 60} - Milliseconds{1});
    tasks.spawn(ask(attempts, ann, begun.attempt.id, check));
    while (runtime.faults().calls(Operation::check) == 0) {
      co_await async::pause_for(Milliseconds{1});
    }
    EXPECT_EQ(co_await kind_of(attempts.check(ann, begun.attempt.id)), "conflict");  // one at a time
    clock.advance(Milliseconds{1});
    runtime.faults().release(Operation::check);
    while (!check) {
      co_await async::pause_for(Milliseconds{1});
    }
    co_await reconciler.tick();
    EXPECT_EQ(co_await state_when_over(ann, begun.attempt.id), ended);
    EXPECT_EQ((co_await attempts.find(ann, begun.attempt.id)).attempt.solved_at, check->at);
  }

  // Whoever asked closed the page.
  async::Task<> an_abandoned_start_and_check_are_carried_out() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const auto start = [](Attempts& attempts, Caller who) -> async::Task<> {
      co_await attempts.start(who, "answer", {}, Seconds{10});
    };
    async::TaskGroup visitor{loop.get_executor()};
    visitor.spawn(start(attempts, ann));
    visitor.cancel();
    co_await visitor.join();
    const ShownAttempt begun = co_await begin(ann, "answer");
    EXPECT_EQ(begun.attempt.state, running);
    co_await answer(ann, begun, "OK\n");
    runtime.faults().hold(Operation::check);
    const auto check = [](Attempts& attempts, Caller who, AttemptId id) -> async::Task<> {
      co_await attempts.check(who, id);
    };
    async::TaskGroup other{loop.get_executor()};
    other.spawn(check(attempts, ann, begun.attempt.id));
    while (runtime.faults().calls(Operation::check) == 0) {
      co_await async::pause_for(Milliseconds{1});
    }
    other.cancel();
    co_await other.join();
    runtime.faults().release(Operation::check);
    for (unsigned long seen = journal.appended().count();; seen = journal.appended().count()) {
      if ((co_await attempts.find(ann, begun.attempt.id)).attempt.state == solved) {
        break;
      }
      co_await journal.appended().wait_beyond(seen);
    }
  }

  async::Task<> what_is_left_while_it_begins_leaves_no_machine() {
    LabPackage wanted = package();
    wanted.manifest.machines = {{.name = "one"}, {.name = "two"}, {.name = "three"}};
    co_await publish("answer", wanted);
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const auto start = [](Attempts& attempts, Caller who) -> async::Task<> {
      co_await attempts.start(who, "answer", {}, {});
    };
    const auto held = [&] {
      return journal.transact([&](Transaction& transaction) {
        using enum InstanceState;
        return transaction.count_instances(ann.account.id, {queued, starting, InstanceState::running});
      });
    };
    async::TaskGroup visitor{loop.get_executor()};
    const unsigned long before = journal.appended().count();
    visitor.spawn(start(attempts, ann));
    co_await journal.appended().wait_beyond(before);  // it has the first of its machines
    const AttemptId id = (co_await attempts.list(ann, {})).front().attempt.id;
    co_await attempts.leave(id, "it was left");
    co_await visitor.join();
    EXPECT_EQ((co_await attempts.find(ann, id)).attempt.state, given_up);
    EXPECT_EQ((co_await attempts.find(ann, id)).machines.size(), 3U);  // it had asked for all of them
    EXPECT_EQ(co_await held(), 0U);
  }

  async::Task<> a_destroyed_machine_ends_it() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await instances.destroy(ann, begun.machines.front().shown.instance.id);
    EXPECT_EQ(co_await state_when_over(ann, begun.attempt.id), given_up);
  }

  async::Task<> steps_are_done_in_order() {
    LabPackage guided = package();
    guided.manifest.steps = {"first", "second"};
    guided.files = {{"task.md", "Two."},
                    {"step-1.md", "One."},
                    {"step-2.md", "Two."},
                    {"check-1", "#!/bin/sh\ncat /machine/answer\n"},
                    {"check-2", "#!/bin/sh\ncat /machine/answer\n"}};
    co_await publish("guide", guided);
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "guide");
    co_await answer(ann, begun, "OK\n");
    EXPECT_EQ((co_await attempts.check(ann, begun.attempt.id)).step, 1U);
    EXPECT_EQ((co_await attempts.find(ann, begun.attempt.id)).attempt.state, running);
    EXPECT_EQ((co_await attempts.check(ann, begun.attempt.id)).step, 2U);
    EXPECT_EQ((co_await attempts.find(ann, begun.attempt.id)).attempt.state, solved);
  }

  async::Task<> an_attempt_keeps_its_version() {
    co_await publish("answer", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    LabPackage next = package();
    next.manifest.title = "Another";
    co_await publish("answer", next);
    EXPECT_EQ((co_await attempts.find(ann, id)).lab.version, 1U);
    EXPECT_EQ((co_await begin(ann, "answer")).attempt.id, id);
    co_await attempts.end(ann, id);
    const ShownAttempt second = co_await begin(ann, "answer");
    EXPECT_EQ(second.lab.version, 2U);
    EXPECT_EQ((co_await labs.find(ann, "answer", 1)).shown.lab.manifest.title, "The answer");
    const Caller bob = co_await caller("bob");
    EXPECT_EQ(co_await kind_of(labs.find(bob, "answer", 1)), "not_found");
    co_await attempts.end(ann, second.attempt.id);
    EXPECT_EQ(co_await kind_of(attempts.start(ann, "answer", 1, {})), "conflict");
  }

  async::Task<> what_was_interrupted_goes_on() {
    co_await publish("answer", package());
    const Caller ann = co_await caller("ann");
    const Lab lab = (co_await labs.find(ann, "answer", {})).shown.lab;
    const Attempt half{.id = AttemptId("half"),
                       .account = ann.account.id,
                       .lab = lab.id,
                       .lab_name = lab.name,
                       .created_at = clock.now()};  // berthd was killed before it asked for the machine
    co_await journal.transact([&](Transaction& transaction) { transaction.put_attempt(half); });
    tasks.spawn(attempts.run());
    EXPECT_EQ((co_await attempts.start(ann, "answer", {}, Seconds{10})).attempt.id, half.id);
    EXPECT_EQ((co_await attempts.find(ann, half.id)).attempt.state, running);
  }

  async::Task<> a_check_that_was_interrupted_is_carried_out() {
    co_await publish("answer", package());
    const Caller ann = co_await caller("ann");
    async::TaskGroup killed{loop.get_executor()};
    Attempts before{attempts_with(killed)};
    killed.spawn(before.run());
    const ShownAttempt begun = co_await before.start(ann, "answer", {}, Seconds{10});
    co_await answer(ann, begun, "OK\n");
    runtime.faults().hold(Operation::check);
    const auto check = [](Attempts& asked, Caller who, AttemptId id) -> async::Task<> {
      co_await asked.check(who, id);
    };
    killed.spawn(check(before, ann, begun.attempt.id));
    while (runtime.faults().calls(Operation::check) == 0) {
      co_await async::pause_for(Milliseconds{1});
    }
    const TimePoint asked = clock.now();
    EXPECT_TRUE(co_await killed.stop(Seconds{10}));
    clock.advance(Seconds{30});
    EXPECT_THAT(co_await attempts.checks(ann, begun.attempt.id), IsEmpty());
    runtime.faults().release(Operation::check);
    tasks.spawn(attempts.run());
    for (unsigned long seen = journal.appended().count();; seen = journal.appended().count()) {
      if ((co_await attempts.find(ann, begun.attempt.id)).attempt.state == solved) {
        break;
      }
      co_await journal.appended().wait_beyond(seen);
    }
    EXPECT_EQ((co_await attempts.find(ann, begun.attempt.id)).attempt.solved_at, asked);
    EXPECT_THAT(co_await attempts.checks(ann, begun.attempt.id), SizeIs(1));
  }
};

TEST_F(LabsTest, ALabIsPreparedPublishedAndFound) { run(a_lab_is_prepared_published_and_found()); }
TEST_F(LabsTest, AllFaultsOfAPackageAreTold) { run(all_faults_of_a_package_are_told()); }
TEST_F(LabsTest, ALabThatCannotBePreparedSaysWhy) { run(a_lab_that_cannot_be_prepared_says_why()); }
TEST_F(LabsTest, AnAttemptIsCheckedUntilItIsSolved) { run(an_attempt_is_checked_until_it_is_solved()); }
TEST_F(LabsTest, OthersDoNotSeeAnAttempt) { run(others_do_not_see_an_attempt()); }
TEST_F(LabsTest, ALabIsNoImageToStartFrom) { run(a_lab_is_no_image_to_start_from()); }
TEST_F(LabsTest, HintsComeOneByOne) { run(hints_come_one_by_one()); }
TEST_F(LabsTest, ItsTimeEndsIt) { run(its_time_ends_it()); }
TEST_F(LabsTest, EventsSayHowAnAttemptWent) { run(events_say_how_an_attempt_went()); }
TEST_F(LabsTest, ACheckAskedForInTimeCounts) { run(a_check_asked_for_in_time_counts()); }
TEST_F(LabsTest, AnAbandonedStartAndCheckAreCarriedOut) { run(an_abandoned_start_and_check_are_carried_out()); }
TEST_F(LabsTest, WhatIsLeftWhileItBeginsLeavesNoMachine) { run(what_is_left_while_it_begins_leaves_no_machine()); }
TEST_F(LabsTest, ADestroyedMachineEndsIt) { run(a_destroyed_machine_ends_it()); }
TEST_F(LabsTest, StepsAreDoneInOrder) { run(steps_are_done_in_order()); }
TEST_F(LabsTest, AnAttemptKeepsItsVersion) { run(an_attempt_keeps_its_version()); }
TEST_F(LabsTest, WhatWasInterruptedGoesOn) { run(what_was_interrupted_goes_on()); }
TEST_F(LabsTest, ACheckThatWasInterruptedIsCarriedOut) { run(a_check_that_was_interrupted_is_carried_out()); }

}  // namespace
}  // namespace berth::core
