// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <boost/describe/enum_to_string.hpp>

#include "core/host.h"

namespace berth::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wire::Operation;
using enum InstanceState;

class InstancesTest : public Host {
 protected:
  async::Task<> lives_and_ends() {
    const ShownInstance shown = co_await start(admin);
    const InstanceId id = shown.instance.id;
    EXPECT_EQ(shown.instance.state, running);
    EXPECT_EQ(shown.instance.expires_at, clock.now() + plans[0].lifetime);
    EXPECT_EQ((co_await instances.act(admin, id, Action::pause)).instance.state, asleep);
    EXPECT_EQ((co_await runtime.list()).front().activity, InstanceActivity::paused);
    EXPECT_EQ((co_await instances.act(admin, id, Action::resume)).instance.state, running);
    EXPECT_EQ((co_await instances.act(admin, id, Action::stop)).instance.state, stopped);
    EXPECT_EQ((co_await runtime.list()).front().activity, InstanceActivity::stopped);
    EXPECT_EQ((co_await instances.act(admin, id, Action::start)).instance.state, running);
    EXPECT_EQ((co_await instances.act(admin, id, Action::restart)).instance.state, running);
    co_await instances.destroy(admin, id);
    co_await instances.destroy(admin, id);
    co_await reconciler.settled(id, Seconds{10});
    EXPECT_FALSE(runtime.exists(id));
    EXPECT_THAT(
        co_await event_names(admin, id),
        ElementsAre("instance_created", "instance_starting", "instance_running", "instance_asleep", "instance_running",
                    "instance_stopped", "instance_queued", "instance_starting", "instance_running", "instance_stopped",
                    "instance_queued", "instance_starting", "instance_running", "instance_gone"));
  }

  async::Task<> fails_with_plain_words() {
    runtime.faults().fail_next(Operation::create, Error(ErrorKind::instance_fault, "no\x01\xc3 more"));
    const ShownInstance shown = co_await start(admin);
    EXPECT_EQ(shown.instance.state, failed);
    EXPECT_EQ(shown.instance.reason, "no?? more");
  }

  async::Task<> queues_when_full() {
    const ShownInstance first = co_await start(admin);
    co_await start(admin);
    const ShownInstance third = co_await start(admin);
    EXPECT_EQ(third.instance.state, queued);
    EXPECT_EQ(third.queue_position, 1U);
    EXPECT_EQ(third.instance.expires_at, std::nullopt);
    const Caller other = co_await caller("other");
    EXPECT_EQ((co_await start(other)).queue_position, 2U);
    EXPECT_EQ(co_await kind_of(instances.create(other, {.image = ImageName("busybox")})), "exhausted");
    co_await instances.destroy(admin, first.instance.id);
    co_await reconciler.settled(third.instance.id, Seconds{10});
    EXPECT_EQ((co_await instances.find(admin, third.instance.id)).instance.state, running);
  }

  async::Task<> stopped_in_the_queue_it_ends() {
    co_await start(admin);
    co_await start(admin);
    const InstanceId waiting = (co_await start(admin)).instance.id;
    const Instance stopped_one = (co_await instances.act(admin, waiting, Action::stop)).instance;
    EXPECT_EQ(stopped_one.expires_at, clock.now() + stopped_one.lifetime);
  }

  async::Task<> lease_ends() {
    const ShownInstance shown = co_await start(admin, {.image = ImageName("busybox"), .lifetime = Seconds{100}});
    const InstanceId id = shown.instance.id;
    clock.advance(Seconds{99});
    co_await reconciler.tick();
    EXPECT_EQ((co_await instances.find(admin, id)).instance.state, running);
    EXPECT_EQ((co_await instances.extend(admin, id, Seconds{50})).instance.expires_at, clock.now() + Seconds{51});
    clock.advance(Seconds{51});
    co_await reconciler.tick();
    co_await reconciler.settled(id, Seconds{10});
    EXPECT_EQ((co_await instances.find(admin, id)).instance.state, grace);
    EXPECT_EQ((co_await runtime.list()).front().activity, InstanceActivity::stopped);
    EXPECT_EQ((co_await instances.extend(admin, id, {})).instance.state, stopped);
    clock.advance(plans[0].longest_lifetime);
    co_await reconciler.tick();
    clock.advance(plans[0].grace);
    co_await reconciler.tick();
    co_await reconciler.settled(id, Seconds{10});
    EXPECT_EQ((co_await instances.find(admin, id)).instance.state, gone);
    EXPECT_FALSE(runtime.exists(id));
  }

  async::Task<> extension_has_a_bound() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const auto extended = co_await instances.extend(admin, id, Seconds{1'000'000});
    EXPECT_EQ(extended.instance.expires_at, extended.instance.longest_until);
    EXPECT_EQ(co_await kind_of(instances.extend(admin, id, {})), "exhausted");
  }

  async::Task<> one_key_makes_one() {
    const NewInstance request{.image = ImageName("busybox"), .idempotency_key = "k"};
    const auto one = co_await instances.create(admin, request);
    const auto same = co_await instances.create(admin, request);
    EXPECT_EQ(one.instance.id, same.instance.id);
    NewInstance other = request;
    other.name = "other";
    EXPECT_EQ(co_await kind_of(instances.create(admin, other)), "conflict");
    const Caller somebody = co_await caller("somebody");
    EXPECT_NE((co_await instances.create(somebody, request)).instance.id, one.instance.id);
  }

  async::Task<> others_see_nothing() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const Caller other = co_await caller("other");
    EXPECT_EQ(co_await kind_of(instances.find(other, id)), "not_found");
    EXPECT_EQ(co_await kind_of(instances.destroy(other, id)), "not_found");
    EXPECT_EQ(co_await kind_of(instances.act(other, id, Action::stop)), "not_found");
    EXPECT_EQ(co_await kind_of(instances.extend(other, id, {})), "not_found");
    EXPECT_EQ(co_await kind_of(instances.usage(other, id)), "not_found");
    EXPECT_EQ(co_await kind_of(instances.export_disk(other, id)), "not_found");
    EXPECT_EQ(co_await kind_of(sessions.list(other, id)), "not_found");
    EXPECT_EQ(co_await kind_of(sessions.open(other, id, {})), "not_found");
    EXPECT_EQ(co_await kind_of(events.list(other, {.after = 0, .account = {}, .instance = id, .limit = 1})),
              "not_found");
    EXPECT_TRUE((co_await instances.list(other, {.all = true})).empty());
    EXPECT_EQ(co_await kind_of(instances.list(other, {.everyone = true})), "forbidden");
    EXPECT_EQ((co_await instances.find(admin, id)).instance.state, running);
  }

  async::Task<> bad_requests() {
    const auto kind = [this](NewInstance request) { return kind_of(instances.create(admin, std::move(request))); };
    EXPECT_EQ(co_await kind({.image = ImageName("nothing")}), "invalid_argument");
    EXPECT_EQ(co_await kind({.image = ImageName("busybox"), .plan = "huge"}), "invalid_argument");
    EXPECT_EQ(co_await kind({.image = ImageName("busybox"), .name = "-x"}), "invalid_argument");
    EXPECT_EQ(co_await kind({.image = ImageName("busybox"), .lifetime = Seconds{0}}), "invalid_argument");
    EXPECT_EQ(co_await kind({.image = ImageName("busybox"), .lifetime = Seconds{10'000'000}}), "invalid_argument");
    Caller reader = admin;
    reader.scopes = {Scope::instances_read};
    EXPECT_EQ(co_await kind_of(instances.create(reader, {.image = ImageName("busybox")})), "forbidden");
    EXPECT_EQ(co_await kind_of(instances.find(admin, InstanceId("nope"))), "not_found");
  }

  async::Task<> start_fails_for_a_reason() {
    runtime.fail_next(Operation::create, Error(ErrorKind::exhausted, "the host's disk is full"));
    const ShownInstance shown = co_await start(admin);
    EXPECT_EQ(shown.instance.state, failed);
    EXPECT_EQ(shown.instance.reason, "the host's disk is full");
    EXPECT_EQ((co_await instances.act(admin, shown.instance.id, Action::start)).instance.state, running);
  }

  async::Task<> passing_failures_are_repeated() {
    runtime.fail_next(Operation::create, Error(ErrorKind::unavailable, "the warden does not answer"));
    const InstanceId id = (co_await start(admin)).instance.id;
    EXPECT_EQ((co_await instances.find(admin, id)).instance.state, starting);
    clock.advance(Seconds{60});
    co_await reconciler.tick();
    co_await reconciler.settled(id, Seconds{10});
    EXPECT_EQ((co_await instances.find(admin, id)).instance.state, running);
  }

  async::Task<> garbage_from_the_agent_fails_the_start() {
    runtime.new_agents_behave(runtimes::fake::AgentBehaviour::garbage);
    const ShownInstance shown = co_await start(admin);
    EXPECT_EQ(shown.instance.state, failed);
    EXPECT_THAT(shown.instance.reason.value_or(""), HasSubstr("agent"));
  }

  async::Task<> ends_by_itself() {
    const InstanceId id = (co_await start(admin)).instance.id;
    tasks.spawn(reconciler.run());
    while (!runtime.watched()) {
      co_await async::pause_for(Milliseconds{0});
    }
    const unsigned long seen = journal.appended().count();
    runtime.end(id, true);
    co_await journal.appended().wait_beyond(seen);
    const ShownInstance shown = co_await instances.find(admin, id);
    EXPECT_EQ(shown.instance.state, stopped);
    EXPECT_THAT(shown.instance.reason.value_or(""), HasSubstr("memory"));
  }

  async::Task<> restart_of_the_server_adopts() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const InstanceId lost = (co_await start(admin)).instance.id;
    co_await runtime.destroy(lost);
    co_await runtime.create(InstanceId("stray"), {.image = "busybox", .hostname = "stray"});
    AgentLinks fresh_links{runtime, tasks};
    Reconciler fresh{surroundings(fresh_links)};
    co_await fresh.compare();
    for (const InstanceId& each : {id, lost, InstanceId("stray")}) {
      co_await fresh.settled(each, Seconds{10});
    }
    EXPECT_EQ((co_await instances.find(admin, id)).instance.state, running);
    EXPECT_EQ((co_await instances.find(admin, lost)).instance.state, stopped);
    EXPECT_FALSE(runtime.exists(InstanceId("stray")));
    EXPECT_TRUE(runtime.exists(id));
  }

  // A killed server may have asked for it.
  async::Task<> what_comes_late_and_belongs_to_nobody_is_destroyed() {
    const InstanceId late("late");
    co_await runtime.create(late, spec_of(ImageName("busybox"), "late", plans.front(), {}));
    clock.advance(Seconds{30});
    co_await reconciler.tick();
    co_await reconciler.settled(late, Seconds{10});
    EXPECT_FALSE(runtime.exists(late));
  }

  async::Task<> guests_use_their_plans_only() {
    const SignedIn guest = co_await accounts.create_guest();
    const Caller who = co_await accounts.authenticate(guest.issued.secret);
    EXPECT_EQ(instances.plans(who).size(), 1U);
    EXPECT_EQ((co_await start(who)).instance.plan.name, plans[0].name);
    EXPECT_EQ(co_await kind_of(instances.create(who, {.image = ImageName("busybox"), .plan = plans[1].name})),
              "invalid_argument");
    EXPECT_EQ(co_await kind_of(images.remove(who, ImageName("busybox"))), "forbidden");
  }

  async::Task<> account_has_a_limit() {
    for (std::uint32_t count = 0; count < plans[0].most_per_account; ++count) {
      co_await start(admin);
    }
    EXPECT_EQ(co_await kind_of(instances.create(admin, {.image = ImageName("busybox")})), "exhausted");
  }
};

TEST_F(InstancesTest, live_through_all_states_and_end) { run(lives_and_ends()); }
TEST_F(InstancesTest, fail_with_plain_words) { run(fails_with_plain_words()); }
TEST_F(InstancesTest, wait_in_a_queue_with_their_position_when_the_host_is_full) { run(queues_when_full()); }
TEST_F(InstancesTest, have_an_end_when_they_are_stopped_in_the_queue) { run(stopped_in_the_queue_it_ends()); }
TEST_F(InstancesTest, end_with_their_lease_after_a_grace) { run(lease_ends()); }
TEST_F(InstancesTest, are_extended_up_to_the_plans_bound) { run(extension_has_a_bound()); }
TEST_F(InstancesTest, are_made_once_for_one_idempotency_key) { run(one_key_makes_one()); }
TEST_F(InstancesTest, do_not_exist_for_other_accounts) { run(others_see_nothing()); }
TEST_F(InstancesTest, are_refused_for_bad_requests) { run(bad_requests()); }
TEST_F(InstancesTest, fail_with_the_runtimes_reason_and_can_be_started_again) { run(start_fails_for_a_reason()); }
TEST_F(InstancesTest, are_tried_again_when_the_runtime_is_away_for_a_moment) { run(passing_failures_are_repeated()); }
TEST_F(InstancesTest, fail_when_their_agent_talks_garbage) { run(garbage_from_the_agent_fails_the_start()); }
TEST_F(InstancesTest, stop_with_a_reason_when_they_end_by_themselves) { run(ends_by_itself()); }
TEST_F(InstancesTest, are_adopted_lost_or_cleaned_up_after_a_restart) { run(restart_of_the_server_adopts()); }
TEST_F(InstancesTest, are_destroyed_when_they_come_late_and_belong_to_nobody) {
  run(what_comes_late_and_belongs_to_nobody_is_destroyed());
}
TEST_F(InstancesTest, of_guests_have_the_guests_plans) { run(guests_use_their_plans_only()); }
TEST_F(InstancesTest, are_limited_per_account) { run(account_has_a_limit()); }

}  // namespace
}  // namespace berth::core
