// SPDX-License-Identifier: Apache-2.0
#include "core/invitations.h"

#include <gmock/gmock.h>

#include "core/competitions.h"
#include "core/lab_host.h"

namespace berth::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum AttemptState;

class InvitationsTest : public LabHost {
 protected:
  InvitationsTest() { plans.front().guests = false; }

  async::Task<> publish(std::string name, RecordingKind recording = RecordingKind::none) {
    LabPackage wanted = package();
    wanted.manifest.title = "The lab " + name;
    wanted.manifest.recording = recording;
    co_await LabHost::publish(std::move(name), std::move(wanted));
  }

  async::Task<Caller> reviewer(std::string name) {
    const LoginLink link = co_await accounts.create_account(admin, std::move(name), Role::author);
    const SignedIn signed_in = co_await accounts.login(link.code, TokenKind::api_token);
    co_return co_await accounts.authenticate(signed_in.issued.secret);
  }

  // Rita invites Cora to the labs "one" and "two"; there is a third.
  async::Task<> invite() {
    for (const char* name : {"one", "two", "three"}) {
      co_await publish(name, name == std::string("two") ? RecordingKind::public_ : RecordingKind::none);
    }
    tasks.spawn(attempts.run());
    rita = co_await reviewer("Rita");
    issued = co_await invitations.create(rita, {.name = "Cora", .labs = {"one", "two"}, .lifetime = {}});
    id = issued.shown.invitation.id;
  }

  async::Task<> invite_and_open() {
    co_await invite();
    const SignedIn signed_in = co_await invitations.open(issued.secret, TokenKind::browser);
    token = signed_in.issued.secret;
    cora = co_await accounts.authenticate(token);
  }

  async::Task<ShownAttempt> begin(std::string lab) {
    co_return co_await attempts.start(cora, std::move(lab), {}, Seconds{10});
  }

  async::Task<> a_link_opens_once() {
    co_await invite();
    const ShownInvitation told = co_await invitations.look(issued.secret);
    EXPECT_EQ(told.state, InvitationState::waiting);
    EXPECT_EQ(told.reviewer, "Rita");
    EXPECT_EQ(told.labs.front().manifest.title, "The lab one");
    const SignedIn signed_in = co_await invitations.open(issued.secret, TokenKind::browser);
    EXPECT_EQ(signed_in.account.name, "Cora");
    EXPECT_EQ(signed_in.account.role, Role::candidate);
    EXPECT_EQ((co_await invitations.find(rita, id)).state, InvitationState::opened);
    const Failure again = co_await failure_of(without_result(invitations.open(issued.secret, TokenKind::browser)));
    EXPECT_EQ(again.kind, "unauthenticated");
    EXPECT_THAT(again.message, HasSubstr("opened already"));
    EXPECT_EQ(co_await kind_of(invitations.look(Secret("other"))), "not_found");
    EXPECT_EQ(co_await kind_of(invitations.open(Secret("other"), TokenKind::browser)), "unauthenticated");
  }

  async::Task<> a_link_expires() {
    co_await invite();
    clock.advance(Seconds{7 * 24 * 3600});
    EXPECT_EQ((co_await invitations.look(issued.secret)).state, InvitationState::expired);
    const Failure late = co_await failure_of(without_result(invitations.open(issued.secret, TokenKind::browser)));
    EXPECT_THAT(late.message, HasSubstr("expired"));
  }

  async::Task<> a_candidate_sees_and_starts_the_labs_alone() {
    co_await invite_and_open();
    std::vector<std::string> seen;
    for (const ShownLab& lab : co_await labs.list(cora, {})) {
      seen.push_back(lab.lab.name);
    }
    EXPECT_THAT(seen, ElementsAre("one", "two"));
    EXPECT_EQ(co_await kind_of(labs.find(cora, "three", {})), "not_found");
    EXPECT_EQ(co_await kind_of(attempts.start(cora, "three", {}, {})), "not_found");
    EXPECT_EQ(co_await kind_of(attempts.start(cora, "three", 1, {})), "not_found");
    EXPECT_EQ(co_await kind_of(instances.create(cora, {.image = ImageName("busybox")})), "forbidden");
    EXPECT_EQ(co_await kind_of(accounts.create_token(cora, {.name = "mine", .scopes = {}, .lifetime = {}})),
              "forbidden");
    EXPECT_EQ(co_await kind_of(invitations.list(cora, {})), "forbidden");
    EXPECT_EQ((co_await begin("two")).attempt.state, running);  // in any order
    EXPECT_EQ((co_await begin("one")).attempt.state, running);
  }

  async::Task<> each_lab_is_tried_once() {
    co_await invite_and_open();
    const ShownAttempt begun = co_await begin("one");
    EXPECT_EQ((co_await begin("one")).attempt.id, begun.attempt.id);
    co_await attempts.end(cora, begun.attempt.id);
    const Failure again = co_await failure_of(without_result(begin("one")));
    EXPECT_EQ(again.kind, "conflict");
    EXPECT_THAT(again.message, HasSubstr("you had your attempt"));
  }

  async::Task<> the_reviewer_sees_what_is_done() {
    co_await invite_and_open();
    const ShownAttempt begun = co_await begin("one");
    co_await attempts.take_hint(cora, begun.attempt.id);
    co_await attempts.check(cora, begun.attempt.id);
    const ShownInvitation seen = co_await invitations.find(rita, id);
    EXPECT_EQ(seen.labs[0].attempt->attempt.id, begun.attempt.id);
    EXPECT_EQ(seen.labs[0].attempt->attempt.hints, 1U);
    EXPECT_EQ(seen.labs[0].checks.size(), 1U);
    EXPECT_FALSE(seen.labs[1].attempt);
    EXPECT_EQ((co_await invitations.list(rita, {})).size(), 1U);
    EXPECT_EQ((co_await invitations.list(admin, {})).size(), 1U);
  }

  async::Task<> the_reviewer_watches_and_the_candidate_sees_it() {
    co_await invite_and_open();
    const InstanceId machine = (co_await begin("one")).machines.front().shown.instance.id;
    const std::uint32_t session = co_await sessions.open(cora, machine, {.kind = wire::SessionKind::terminal});
    EXPECT_EQ((co_await sessions.list(rita, machine)).size(), 1U);
    const auto own = co_await sessions.attach(cora, machine, session, 0);
    const auto watch = co_await sessions.attach(rita, machine, session, 0, ViewerRole::view);
    EXPECT_EQ(own->viewers().size(), 2U);
    EXPECT_FALSE(watch->may_write());
    EXPECT_EQ(co_await kind_of(sessions.take_role(rita, machine, *watch, ViewerRole::interact)), "not_found");
    EXPECT_EQ(co_await kind_of(sessions.attach(rita, machine, session, 0)), "not_found");
    EXPECT_EQ(co_await kind_of(sessions.open(rita, machine, {.kind = wire::SessionKind::terminal})), "not_found");
    EXPECT_EQ(co_await kind_of(instances.destroy(rita, machine)), "not_found");
    EXPECT_EQ(co_await kind_of(instances.export_disk(rita, machine)), "not_found");
    const auto list = co_await events.list(cora, {.after = 0, .account = {}, .instance = machine, .limit = 100});
    EXPECT_EQ(list.back().type, EventType::session_watched);
    EXPECT_EQ(list.back().detail, "Rita watches a session");
  }

  async::Task<> terminals_are_recorded_for_the_reviewer_alone() {
    co_await invite_and_open();
    for (const char* lab : {"one", "two"}) {  // of their own, the first records nothing and the second for everybody
      const InstanceId machine = (co_await begin(lab)).machines.front().shown.instance.id;
      co_await sessions.open(cora, machine, {.kind = wire::SessionKind::terminal});
    }
    const Caller other = co_await reviewer("Otto");
    for (const InvitedLab& lab : (co_await invitations.find(rita, id)).labs) {
      EXPECT_EQ(lab.recordings.size(), 1U);
      const Recording recording = co_await recordings.find(rita, lab.recordings.front().id);
      EXPECT_EQ(recording.policy.kind, RecordingKind::private_);
      EXPECT_EQ(co_await kind_of(recordings.find(other, recording.id)), "not_found");
      EXPECT_EQ(co_await kind_of(recordings.find(std::nullopt, recording.id)), "not_found");
      EXPECT_EQ(co_await kind_of(recordings.share(rita, recording.id)), "not_found");
      EXPECT_EQ(co_await kind_of(recordings.remove(rita, recording.id)), "not_found");
      EXPECT_EQ(co_await kind_of(recordings.share(cora, recording.id)), "forbidden");
      EXPECT_EQ(co_await kind_of(recordings.remove(cora, recording.id)), "forbidden");
    }
  }

  async::Task<> other_reviewers_see_nothing() {
    co_await invite_and_open();
    const InstanceId machine = (co_await begin("one")).machines.front().shown.instance.id;
    const std::uint32_t session = co_await sessions.open(cora, machine, {.kind = wire::SessionKind::terminal});
    const Caller other = co_await reviewer("Otto");
    EXPECT_THAT(co_await invitations.list(other, {}), IsEmpty());
    EXPECT_EQ(co_await kind_of(invitations.find(other, id)), "not_found");
    EXPECT_EQ(co_await kind_of(invitations.revoke(other, id)), "not_found");
    EXPECT_EQ(co_await kind_of(sessions.list(other, machine)), "not_found");
    EXPECT_EQ(co_await kind_of(sessions.attach(other, machine, session, 0, ViewerRole::view)), "not_found");
    Caller narrow = rita;  // with a token that may not write labs
    narrow.scopes.erase(Scope::labs_write);
    EXPECT_EQ(co_await kind_of(sessions.list(narrow, machine)), "not_found");
    EXPECT_EQ(co_await kind_of(invitations.find(narrow, id)), "forbidden");
  }

  async::Task<> taken_back_it_ends_everything() {
    co_await invite_and_open();
    const ShownAttempt begun = co_await begin("one");
    const ShownInvitation after = co_await invitations.revoke(rita, id);
    EXPECT_EQ(after.state, InvitationState::revoked);
    EXPECT_EQ(after.labs.front().attempt->attempt.state, given_up);
    EXPECT_EQ(after.labs.front().attempt->attempt.reason, "the invitation was taken back");
    EXPECT_EQ(co_await kind_of(accounts.authenticate(token)), "unauthenticated");
    EXPECT_EQ(co_await kind_of(attempts.start(cora, "two", {}, {})), "not_found");  // a request that was on its way
    co_await reconciler.settled(begun.machines.front().shown.instance.id, Seconds{10});
    EXPECT_FALSE(runtime.exists(begun.machines.front().shown.instance.id));
    EXPECT_EQ((co_await invitations.revoke(rita, id)).state, InvitationState::revoked);
  }

  async::Task<> what_makes_no_sense_is_refused() {
    co_await invite();
    const auto kind = [&](Caller who, NewInvitation request) { return kind_of(invitations.create(who, request)); };
    EXPECT_EQ(co_await kind(rita, {.name = {}, .labs = {"other"}, .lifetime = {}}), "invalid_argument");
    EXPECT_EQ(co_await kind(rita, {.name = {}, .labs = {}, .lifetime = {}}), "invalid_argument");
    EXPECT_EQ(co_await kind(rita, {.name = {}, .labs = {"one", "one"}, .lifetime = {}}), "invalid_argument");
    EXPECT_EQ(co_await kind(rita, {.name = "a\nb", .labs = {"one"}, .lifetime = {}}), "invalid_argument");
    EXPECT_EQ(co_await kind(co_await caller("ann"), {.name = {}, .labs = {"one"}, .lifetime = {}}), "forbidden");
    EXPECT_EQ(co_await kind_of(accounts.create_account(admin, "Cora", Role::candidate)), "invalid_argument");
  }

  Invitations invitations{journal, attempts, clock};
  Competitions competitions{journal, clock, loop.get_executor()};

  async::Task<> competitions_are_not_for_candidates() {
    co_await invite_and_open();
    co_await competitions.put(admin, "cup",
                              {.title = "The cup",
                               .text = {},
                               .labs = {"one"},
                               .windows = {{"", clock.now(), clock.now() + std::chrono::hours{1}}}});
    EXPECT_THAT(co_await competitions.list(cora), IsEmpty());
    EXPECT_EQ(co_await kind_of(competitions.find(cora, "cup")), "forbidden");
    EXPECT_EQ(co_await kind_of(competitions.join(cora, "cup", {})), "forbidden");
  }

  Caller rita;
  Caller cora;
  IssuedInvitation issued;
  InvitationId id;
  Secret token;
};

TEST_F(InvitationsTest, ALinkOpensOnce) { run(a_link_opens_once()); }
TEST_F(InvitationsTest, ALinkExpires) { run(a_link_expires()); }
TEST_F(InvitationsTest, ACandidateSeesAndStartsTheLabsAlone) { run(a_candidate_sees_and_starts_the_labs_alone()); }
TEST_F(InvitationsTest, EachLabIsTriedOnce) { run(each_lab_is_tried_once()); }
TEST_F(InvitationsTest, TheReviewerSeesWhatIsDone) { run(the_reviewer_sees_what_is_done()); }
TEST_F(InvitationsTest, TheReviewerWatchesAndTheCandidateSeesIt) {
  run(the_reviewer_watches_and_the_candidate_sees_it());
}
TEST_F(InvitationsTest, TerminalsAreRecordedForTheReviewerAlone) {
  run(terminals_are_recorded_for_the_reviewer_alone());
}
TEST_F(InvitationsTest, OtherReviewersSeeNothing) { run(other_reviewers_see_nothing()); }
TEST_F(InvitationsTest, TakenBackItEndsEverything) { run(taken_back_it_ends_everything()); }
TEST_F(InvitationsTest, CompetitionsAreNotForCandidates) { run(competitions_are_not_for_candidates()); }
TEST_F(InvitationsTest, WhatMakesNoSenseIsRefused) { run(what_makes_no_sense_is_refused()); }

}  // namespace
}  // namespace berth::core
