// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/attempt_rules.h"
#include "core/invitations.h"
#include "core/lab_host.h"

namespace berth::core {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::Operation;
using enum AttemptState;

constexpr Seconds session{20 * 60};

class ResumableLabsTest : public LabHost {
 protected:
  static LabPackage resumable() {
    LabPackage wanted = package();
    wanted.manifest.plan = "standard";
    wanted.manifest.resumable = true;
    return wanted;
  }

  async::Task<Attempt> until(Caller who, AttemptId id, AttemptState state) {
    for (unsigned long seen = journal.appended().count();; seen = journal.appended().count()) {
      const Attempt attempt = (co_await attempts.find(who, id)).attempt;
      if (attempt.state == state) {
        co_return attempt;
      }
      co_await journal.appended().wait_beyond(seen);
    }
  }

  async::Task<> advance(Seconds time) {
    clock.advance(time);
    co_await reconciler.tick();
  }

  async::Task<InstanceState> state_of(InstanceId id) {
    co_return co_await journal.transact(
        [&](Transaction& transaction) { return transaction.find_instance(id).value().state; });
  }

  async::Task<std::vector<std::string>> told(Caller who, EventType type) {
    std::vector<std::string> details;
    for (const Event& event : co_await events.list(who, {.after = 0, .account = {}, .instance = {}, .limit = 500})) {
      if (event.type == type) {
        details.push_back(event.detail);
      }
    }
    co_return details;
  }

  async::Task<> what_was_changed_is_there_again() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    const InstanceId machine = begun.machines.front().shown.instance.id;
    co_await answer(ann, begun, "OK\n");
    co_await attempts.take_hint(ann, begun.attempt.id);
    clock.advance(Seconds{300});
    const Attempt kept = (co_await attempts.stop(ann, begun.attempt.id)).attempt;
    EXPECT_EQ(kept.state, stopped);
    EXPECT_EQ(kept.kept_until, clock.now() + days{7});
    EXPECT_EQ((co_await runtime.list()).front().activity, InstanceActivity::stopped);
    EXPECT_EQ(reconciler.active(), 0U);
    EXPECT_EQ((co_await attempts.stop(ann, kept.id)).attempt.kept_until, kept.kept_until);  // no second time
    EXPECT_THAT((co_await failure_of(without_result(attempts.check(ann, kept.id)))).message, HasSubstr("resume it"));
    EXPECT_THAT((co_await failure_of(without_result(attempts.take_hint(ann, kept.id)))).message,
                HasSubstr("resume it"));
    EXPECT_EQ((co_await labs.list(ann, {})).front().attempt_state, stopped);
    co_await advance(days{2});
    const ShownAttempt resumed = co_await attempts.resume(ann, kept.id, Seconds{10});
    EXPECT_EQ(resumed.attempt.state, running);
    EXPECT_EQ(resumed.attempt.hints, 1U);
    EXPECT_EQ(resumed.attempt.started_at, begun.attempt.started_at);
    EXPECT_EQ(resumed.attempt.expires_at, clock.now() + session);
    EXPECT_EQ(resumed.attempt.kept_until, std::nullopt);
    EXPECT_EQ(resumed.machines.front().shown.instance.id, machine);
    clock.advance(Seconds{60});
    EXPECT_EQ((co_await attempts.check(ann, kept.id)).verdict, Verdict::solved);
    EXPECT_EQ((co_await labs.list(ann, {})).front().best, Seconds{360});  // without the two days
  }

  async::Task<> the_end_of_the_time_keeps_it_too() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    co_await advance(session);
    const Attempt kept = co_await until(ann, id, stopped);
    EXPECT_EQ(kept.reason, "the time is over");
    EXPECT_EQ(kept.kept_until, clock.now() + days{7});
    EXPECT_EQ((co_await begin(ann, "answer")).attempt.id, id);  // a start goes on with it
    co_await until(ann, id, running);
  }

  async::Task<> what_is_not_resumed_is_gone() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await attempts.stop(ann, begun.attempt.id);
    co_await advance(days{7} - Seconds{1});
    EXPECT_EQ((co_await attempts.find(ann, begun.attempt.id)).attempt.state, stopped);
    co_await advance(Seconds{1});
    const Attempt over = co_await until(ann, begun.attempt.id, expired);
    EXPECT_EQ(over.reason, "it was not resumed in time");
    co_await reconciler.settled(begun.machines.front().shown.instance.id, Seconds{10});
    EXPECT_FALSE(runtime.exists(begun.machines.front().shown.instance.id));
    EXPECT_EQ(co_await kind_of(attempts.resume(ann, begun.attempt.id, {})), "conflict");
  }

  async::Task<> nothing_is_kept_longer_than_the_days_in_all() {
    LabPackage short_lived = resumable();
    short_lived.manifest.keep = {.unused_days = 2, .most_days = 3};
    co_await publish("answer", short_lived);
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const Attempt begun = (co_await begin(ann, "answer")).attempt;
    const TimePoint end = begun.created_at + days{3};
    for (int day = 0; day < 2; ++day) {
      co_await attempts.stop(ann, begun.id);
      co_await advance(days{1});
      co_await attempts.resume(ann, begun.id, Seconds{10});
    }
    EXPECT_EQ((co_await attempts.stop(ann, begun.id)).attempt.kept_until, end);
    co_await advance(days{1} - Seconds{60});
    EXPECT_EQ((co_await attempts.resume(ann, begun.id, Seconds{10})).attempt.expires_at, end);
    co_await advance(Seconds{60});
    EXPECT_EQ((co_await until(ann, begun.id, expired)).reason, "the time is over");
  }

  async::Task<> not_even_in_the_queue() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    co_await attempts.stop(ann, id);
    co_await advance(days{6});
    co_await attempts.resume(ann, id, Seconds{10});
    co_await attempts.stop(ann, id);
    co_await start(admin);
    co_await start(admin);
    const ShownAttempt queued = co_await attempts.resume(ann, id, {});
    EXPECT_EQ(queued.attempt.state, waiting);
    EXPECT_EQ(queued.machines.front().shown.queue_position, 1U);
    co_await instances.act(ann, queued.machines.front().shown.instance.id, Action::stop);  // leaves the queue by itself
    clock.advance(days{24});
    co_await reconciler.tick();
    co_await until(ann, id, expired);
  }

  async::Task<> a_notice_comes_once() {
    co_await publish("answer", resumable());
    LabPackage short_lived = resumable();
    short_lived.manifest.keep.unused_days = 1;
    co_await publish("short", short_lived);
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const Caller bob = co_await caller("bob");
    const AttemptId long_kept = (co_await begin(ann, "answer")).attempt.id;
    co_await attempts.stop(ann, long_kept);
    co_await attempts.stop(bob, (co_await begin(bob, "short")).attempt.id);
    clock.advance(hours{12} - Seconds{1});
    co_await attempts.give_notice();
    EXPECT_THAT(co_await told(bob, EventType::attempt_leaving), IsEmpty());
    clock.advance(Seconds{1});
    co_await attempts.give_notice();
    EXPECT_EQ((co_await told(bob, EventType::attempt_leaving)).size(), 1U);  // half of its one day
    clock.advance(days{5} + hours{12} - Seconds{1});
    co_await attempts.give_notice();
    EXPECT_THAT(co_await told(ann, EventType::attempt_leaving), IsEmpty());
    clock.advance(Seconds{1});
    co_await attempts.give_notice();
    co_await attempts.give_notice();
    const auto words = co_await told(ann, EventType::attempt_leaving);
    EXPECT_THAT(words, ElementsAre(HasSubstr("lab answer: what you did in it is gone on ")));
    co_await attempts.resume(ann, long_kept, Seconds{10});
    co_await attempts.stop(ann, long_kept);  // another seven days, and another notice
    clock.advance(days{6});
    co_await attempts.give_notice();
    EXPECT_EQ((co_await told(ann, EventType::attempt_leaving)).size(), 2U);
  }

  async::Task<> an_account_has_one_at_a_time() {
    co_await publish("answer", resumable());
    co_await publish("other", resumable());
    co_await publish("plain", package());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    co_await attempts.stop(ann, id);
    const Failure failure = co_await failure_of(without_result(begin(ann, "other")));
    EXPECT_EQ(failure.kind, "conflict");
    EXPECT_THAT(failure.message, testing::AllOf(HasSubstr("'answer'"), HasSubstr("leave it first")));
    EXPECT_EQ(co_await kind_of(begin(ann, "plain")), "none");
    const Caller bob = co_await caller("bob");
    EXPECT_EQ(co_await kind_of(begin(bob, "other")), "none");
    EXPECT_EQ((co_await attempts.end(ann, id)).attempt.state, given_up);
    EXPECT_EQ(co_await kind_of(attempts.start(ann, "other", {}, {})), "none");
  }

  async::Task<> leaving_a_stopped_one_frees_all() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await attempts.stop(ann, begun.attempt.id);
    EXPECT_EQ((co_await attempts.end(ann, begun.attempt.id)).attempt.state, given_up);
    co_await reconciler.settled(begun.machines.front().shown.instance.id, Seconds{10});
    EXPECT_FALSE(runtime.exists(begun.machines.front().shown.instance.id));
    const ShownAttempt second = co_await begin(ann, "answer");
    co_await attempts.stop(ann, second.attempt.id);
    co_await advance(session);
    co_await instances.destroy(ann, second.machines.front().shown.instance.id);
    EXPECT_EQ((co_await until(ann, second.attempt.id, given_up)).reason, "a machine was destroyed");
  }

  async::Task<> what_cannot_be_stopped_says_why() {
    co_await publish("plain", package());
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId plain = (co_await begin(ann, "plain")).attempt.id;
    EXPECT_THAT((co_await failure_of(without_result(attempts.stop(ann, plain)))).message,
                HasSubstr("cannot be resumed later"));
    co_await start(admin);
    const AttemptId queued = (co_await attempts.start(ann, "answer", {}, {})).attempt.id;
    EXPECT_THAT((co_await failure_of(without_result(attempts.stop(ann, queued)))).message,
                HasSubstr("has not started yet"));
    const Caller bob = co_await caller("bob");
    EXPECT_EQ(co_await kind_of(attempts.stop(bob, queued)), "not_found");
    EXPECT_EQ(co_await kind_of(attempts.resume(bob, queued, {})), "not_found");
    co_await attempts.end(ann, queued);
    EXPECT_EQ(co_await kind_of(attempts.stop(ann, queued)), "conflict");
  }

  async::Task<> a_machine_that_does_not_start_again_loses_nothing() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await answer(ann, begun, "OK\n");
    co_await attempts.stop(ann, begun.attempt.id);
    runtime.faults().fail_next(Operation::create, Error(ErrorKind::instance_fault, "no more loop devices"));
    const Attempt kept = (co_await attempts.resume(ann, begun.attempt.id, Seconds{10})).attempt;
    EXPECT_EQ(kept.state, stopped);
    EXPECT_EQ(kept.reason, "a machine failed: no more loop devices");
    EXPECT_EQ((co_await attempts.resume(ann, begun.attempt.id, Seconds{10})).attempt.state, running);
    EXPECT_EQ((co_await attempts.check(ann, begun.attempt.id)).verdict, Verdict::solved);
  }

  async::Task<> several_machines_come_back_together() {
    LabPackage two = resumable();
    two.manifest.machines = {{"web", ""}, {"db", ""}};
    co_await publish("answer", two);
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    const InstanceId web = begun.machines[0].shown.instance.id;
    const InstanceId db = begun.machines[1].shown.instance.id;
    const std::string network = runtime.spec_of(web).network.value().name;
    co_await advance(session);
    co_await until(ann, begun.attempt.id, stopped);
    EXPECT_EQ(co_await state_of(web), InstanceState::grace);
    EXPECT_EQ(co_await state_of(db), InstanceState::grace);
    const ShownAttempt resumed = co_await attempts.resume(ann, begun.attempt.id, Seconds{10});
    EXPECT_EQ(resumed.attempt.state, running);
    for (const InstanceId& machine : {web, db}) {
      EXPECT_EQ(runtime.spec_of(machine).network.value().name, network);
      EXPECT_EQ((co_await instances.find(ann, machine)).instance.expires_at, clock.now() + session);
    }
  }

  async::Task<> one_that_fails_takes_the_others_with_it() {
    LabPackage two = resumable();
    two.manifest.machines = {{"web", ""}, {"db", ""}};
    co_await publish("answer", two);
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await attempts.stop(ann, begun.attempt.id);
    const InstanceId other = (co_await start(admin)).instance.id;  // there is room for one of the two
    co_await attempts.resume(ann, begun.attempt.id, {});
    const InstanceId web = begun.machines.front().shown.instance.id;
    co_await reconciler.settled(web, Seconds{10});
    EXPECT_EQ(co_await state_of(web), InstanceState::running);
    runtime.faults().fail_next(Operation::create, Error(ErrorKind::instance_fault, "no room"));
    co_await instances.destroy(admin, other);
    EXPECT_EQ((co_await until(ann, begun.attempt.id, stopped)).reason, "a machine failed: no room");
    for (const ShownMachine& machine : begun.machines) {
      co_await reconciler.settled(machine.shown.instance.id, Seconds{10});
      EXPECT_EQ(co_await state_of(machine.shown.instance.id), InstanceState::grace);
    }
    for (const InstanceStatus& status : co_await runtime.list()) {
      EXPECT_EQ(status.activity, InstanceActivity::stopped);
    }
  }

  async::Task<> a_solved_one_is_kept_as_well() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    co_await answer(ann, begun, "OK\n");
    co_await attempts.check(ann, begun.attempt.id);
    const Attempt kept = (co_await attempts.stop(ann, begun.attempt.id)).attempt;
    EXPECT_EQ(kept.state, stopped);
    EXPECT_TRUE(kept.solved_at);
    co_await advance(days{1});
    const Attempt resumed = (co_await attempts.resume(ann, begun.attempt.id, Seconds{10})).attempt;
    EXPECT_EQ(resumed.state, solved);
    EXPECT_EQ(time_taken(resumed), Seconds{0});
    co_await advance(session);
    co_await until(ann, begun.attempt.id, stopped);
    co_await advance(days{7});
    co_await until(ann, begun.attempt.id, ended);
  }

  async::Task<> an_end_that_nobody_saw_is_seen_at_the_next_start() {
    co_await publish("answer", resumable());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await attempts.start(ann, "answer", {}, {})).attempt.id;
    {
      async::TaskGroup first{loop.get_executor()};
      first.spawn(attempts.run());
      co_await until(ann, id, running);
      EXPECT_TRUE(co_await first.stop(Seconds{10}));
    }
    const Check pending{.id = "pending", .attempt = id, .at = clock.now(), .verdict = Verdict::pending};
    co_await journal.transact([&](Transaction& transaction) { transaction.put_check(pending); });
    co_await advance(session);  // and berthd is killed here
    EXPECT_EQ((co_await attempts.find(ann, id)).attempt.state, running);
    tasks.spawn(attempts.run());
    co_await until(ann, id, stopped);
    EXPECT_EQ((co_await attempts.checks(ann, id)).front().verdict, Verdict::fault);  // its machine was stopped already
  }

  async::Task<> a_check_asked_for_before_the_stop_counts() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const AttemptId id = (co_await begin(ann, "answer")).attempt.id;
    clock.advance(Seconds{60});
    co_await attempts.stop(ann, id);
    Check late{.id = "late", .attempt = id, .at = clock.now(), .verdict = Verdict::solved};
    co_await journal.transact([&](Transaction& transaction) { record_check(transaction, late); });
    EXPECT_EQ((co_await attempts.find(ann, id)).attempt.solved_at, std::nullopt);
    const Check early{.id = "early", .attempt = id, .at = clock.now() - Milliseconds{1}, .verdict = Verdict::solved};
    co_await journal.transact([&](Transaction& transaction) { record_check(transaction, early); });
    const Attempt after = (co_await attempts.find(ann, id)).attempt;
    EXPECT_EQ(after.state, stopped);
    EXPECT_EQ(after.solved_at, early.at);
    EXPECT_EQ((co_await attempts.resume(ann, id, Seconds{10})).attempt.state, solved);
  }

  async::Task<> a_kept_machine_is_not_had_without_its_lab() {
    co_await publish("answer", resumable());
    tasks.spawn(attempts.run());
    const Caller ann = co_await caller("ann");
    const ShownAttempt begun = co_await begin(ann, "answer");
    const InstanceId machine = begun.machines.front().shown.instance.id;
    co_await attempts.stop(ann, begun.attempt.id);
    const Failure failure = co_await failure_of(without_result(instances.extend(ann, machine, Seconds{60})));
    EXPECT_EQ(failure.kind, "conflict");
    EXPECT_THAT(failure.message, HasSubstr("resume the lab"));
    EXPECT_EQ(co_await kind_of(instances.act(ann, machine, Action::start)), "conflict");
    EXPECT_EQ(co_await state_of(machine), InstanceState::grace);
  }

  async::Task<> a_candidate_may_keep_each_lab_of_the_invitation() {
    co_await publish("answer", resumable());
    co_await publish("other", resumable());
    tasks.spawn(attempts.run());
    Invitations invitations{journal, attempts, clock};
    const IssuedInvitation issued =
        co_await invitations.create(admin, {.name = "Cora", .labs = {"answer", "other"}, .lifetime = {}});
    const SignedIn signed_in = co_await invitations.open(issued.secret, TokenKind::browser);
    const Caller cora = co_await accounts.authenticate(signed_in.issued.secret);
    std::vector<AttemptId> kept;
    for (const char* lab : {"answer", "other"}) {
      kept.push_back((co_await begin(cora, lab)).attempt.id);
      EXPECT_EQ((co_await attempts.stop(cora, kept.back())).attempt.state, stopped);
    }
    EXPECT_EQ((co_await attempts.resume(cora, kept.front(), Seconds{10})).attempt.state, running);
    co_await invitations.revoke(admin, issued.shown.invitation.id);
    for (const AttemptId& id : kept) {
      EXPECT_EQ((co_await attempts.find(admin, id)).attempt.state, given_up);
    }
  }

  async::Task<> the_faults_of_a_resumable_package_are_told() {
    LabPackage wrong = resumable();
    wrong.manifest.plan = "small";
    wrong.manifest.keep = {.unused_days = 9, .most_days = 8};
    const Failure failure = co_await failure_of(without_result(labs.upload(admin, "wrong", wrong)));
    EXPECT_THAT(failure.message, HasSubstr("resumable: plan 'small' has its disk in memory"));
    EXPECT_THAT(failure.message, HasSubstr("keep.unused_days: 1 to keep.most_days, which is 8"));
    wrong.manifest.keep = {.unused_days = 0, .most_days = 400};
    EXPECT_THAT((co_await failure_of(without_result(labs.upload(admin, "wrong", wrong)))).message,
                HasSubstr("keep.most_days: 1 to 365"));
    wrong.manifest.resumable = false;
    EXPECT_THAT((co_await failure_of(without_result(labs.upload(admin, "wrong", wrong)))).message,
                HasSubstr("keep: only with resumable = true"));
  }
};

TEST_F(ResumableLabsTest, WhatWasChangedIsThereAgain) { run(what_was_changed_is_there_again()); }
TEST_F(ResumableLabsTest, TheEndOfTheTimeKeepsItToo) { run(the_end_of_the_time_keeps_it_too()); }
TEST_F(ResumableLabsTest, WhatIsNotResumedIsGone) { run(what_is_not_resumed_is_gone()); }
TEST_F(ResumableLabsTest, NothingIsKeptLongerThanTheDaysInAll) { run(nothing_is_kept_longer_than_the_days_in_all()); }
TEST_F(ResumableLabsTest, NotEvenInTheQueue) { run(not_even_in_the_queue()); }
TEST_F(ResumableLabsTest, ANoticeComesOnce) { run(a_notice_comes_once()); }
TEST_F(ResumableLabsTest, AnAccountHasOneAtATime) { run(an_account_has_one_at_a_time()); }
TEST_F(ResumableLabsTest, LeavingAStoppedOneFreesAll) { run(leaving_a_stopped_one_frees_all()); }
TEST_F(ResumableLabsTest, WhatCannotBeStoppedSaysWhy) { run(what_cannot_be_stopped_says_why()); }
TEST_F(ResumableLabsTest, AMachineThatDoesNotStartAgainLosesNothing) {
  run(a_machine_that_does_not_start_again_loses_nothing());
}
TEST_F(ResumableLabsTest, SeveralMachinesComeBackTogether) { run(several_machines_come_back_together()); }
TEST_F(ResumableLabsTest, OneThatFailsTakesTheOthersWithIt) { run(one_that_fails_takes_the_others_with_it()); }
TEST_F(ResumableLabsTest, ASolvedOneIsKeptAsWell) { run(a_solved_one_is_kept_as_well()); }
TEST_F(ResumableLabsTest, AnEndThatNobodySawIsSeenAtTheNextStart) {
  run(an_end_that_nobody_saw_is_seen_at_the_next_start());
}
TEST_F(ResumableLabsTest, ACheckAskedForBeforeTheStopCounts) { run(a_check_asked_for_before_the_stop_counts()); }
TEST_F(ResumableLabsTest, AKeptMachineIsNotHadWithoutItsLab) { run(a_kept_machine_is_not_had_without_its_lab()); }
TEST_F(ResumableLabsTest, ACandidateMayKeepEachLabOfTheInvitation) {
  run(a_candidate_may_keep_each_lab_of_the_invitation());
}
TEST_F(ResumableLabsTest, TheFaultsOfAResumablePackageAreTold) { run(the_faults_of_a_resumable_package_are_told()); }

}  // namespace
}  // namespace berth::core
