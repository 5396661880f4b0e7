// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/host.h"

namespace berth::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wire::Operation;
using enum InstanceState;

class PoolsTest : public Host {
 protected:
  PoolSettings busybox(std::uint32_t least, std::uint32_t most) {
    return {.image = ImageName("busybox"), .plan = plans[0], .launch = {}, .least = least, .most = most};
  }

  PoolStatus status() { return pools.statuses().front(); }

  // Until the pools hold what `enough` wants. Bounded by the limit of every test.
  template <class Enough>
  async::Task<> until(Enough enough) {
    while (!enough()) {
      co_await async::pause_for(Milliseconds{1});
    }
  }

  async::Task<> filled(std::size_t ready) {
    return until([this, ready] { return status().ready == ready && status().making == 0; });
  }

  async::Task<> lease_takes_a_ready_one() {
    pools.add(busybox(2, 2));
    tasks.spawn(pools.run());
    co_await filled(2);
    runtime.faults().hold(Operation::create);  // nothing can be made any more
    const ShownInstance shown = co_await instances.create(admin, {.image = ImageName("busybox")});
    EXPECT_EQ(shown.instance.state, running);
    EXPECT_EQ(shown.instance.expires_at, clock.now() + plans[0].lifetime);
    EXPECT_TRUE(runtime.exists(shown.instance.id));
    EXPECT_THAT(co_await event_names(admin, shown.instance.id), ElementsAre("instance_created", "instance_running"));
    EXPECT_EQ((co_await sessions.list(admin, shown.instance.id)).size(), 0U);
    EXPECT_EQ(status().ready, 1U);
    EXPECT_EQ(status().leased, 1U);
    co_await instances.destroy(admin, shown.instance.id);
    co_await reconciler.settled(shown.instance.id, Seconds{10});
    EXPECT_FALSE(runtime.exists(shown.instance.id));
    EXPECT_EQ(status().ready, 1U);  // what was leased never comes back
    runtime.faults().release(Operation::create);
    co_await filled(2);
  }

  async::Task<> removed_one_is_emptied() {
    pools.add(busybox(1, 1));
    pools.add(busybox(2, 2));
    tasks.spawn(pools.run());
    co_await filled(2);
    pools.remove(busybox(3, 3));  // which nobody added
    pools.remove(busybox(2, 2));
    EXPECT_EQ(status().wanted, 1U);
    const std::optional<InstanceId> taken =
        pools.take(Instance{.image = ImageName("busybox"), .plan = plans[0], .launch = {}});
    runtime.faults().hold(Operation::create);
    co_await until([this] { return status().making == 0 || status().ready == 1; });
    pools.remove(busybox(1, 1));
    EXPECT_TRUE(pools.statuses().empty());
    EXPECT_TRUE(pools.ready().empty());
    runtime.faults().release(Operation::create);
    pools.tick();
    pools.put_back(*taken);  // its lease was not stored
    pools.tick();
    co_await until([this] { return pools.size() == 0; });
    while (runtime.exists(*taken)) {
      co_await async::pause_for(Milliseconds{1});
    }
    pools.add(busybox(1, 1));
    co_await filled(1);
  }

  async::Task<> other_requests_do_not_take_it() {
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await filled(1);
    co_await start(admin, {.image = ImageName("busybox"), .plan = plans[1].name});
    EXPECT_EQ(status().leased, 0U);
    EXPECT_EQ(status().missed, 0U);
  }

  async::Task<> refused_request_gives_it_back() {
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await filled(1);
    const InstanceId ready = pools.take(drafted()).value();
    pools.put_back(ready);
    const auto refuse = [](Transaction&, const Instance&) -> std::optional<Instance> {
      throw Error(ErrorKind::forbidden, "no");
    };
    EXPECT_EQ(co_await kind_of(leases.begin(drafted(), refuse)), "forbidden");
    EXPECT_EQ(pools.take(drafted()), ready);
  }

  Instance drafted() {
    Instance draft;
    draft.account = admin.account.id;
    draft.image = ImageName("busybox");
    draft.plan = plans[0];
    draft.lifetime = plans[0].lifetime;
    return draft;
  }

  async::Task<> full_host_queues_in_spite_of_it() {
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await filled(1);
    co_await start(admin, {.image = ImageName("busybox"), .plan = plans[1].name});
    co_await start(admin, {.image = ImageName("busybox"), .plan = plans[1].name});
    const ShownInstance third = co_await instances.create(admin, {.image = ImageName("busybox")});
    EXPECT_EQ(third.instance.state, queued);
    EXPECT_EQ(third.queue_position, 1U);
  }

  async::Task<> gives_way_when_the_host_fills_up() {
    pools.add(busybox(2, 2));
    tasks.spawn(pools.run());
    co_await filled(2);
    co_await start(admin, {.image = ImageName("busybox"), .plan = plans[1].name});
    co_await reconciler.tick();
    pools.tick();
    EXPECT_EQ(status().ready, 1U);  // the host holds two
  }

  async::Task<> size_follows_demand() {
    pools.add(busybox(0, 5));
    tasks.spawn(pools.run());
    pools.set_room(10);
    EXPECT_EQ(status().wanted, 0U);
    for (int request = 0; request < 3; ++request) {
      EXPECT_EQ(pools.take(drafted()), std::nullopt);
    }
    pools.tick();
    EXPECT_EQ(status().wanted, 5U);
    EXPECT_EQ(status().missed, 3U);
    co_await filled(5);
    for (int second = 0; second < 30; ++second) {
      pools.tick();
    }
    co_await filled(0);
    EXPECT_EQ((co_await runtime.list()).size(), 0U);
  }

  async::Task<> image_cannot_be_outlived() {
    pools.add(busybox(2, 2));
    tasks.spawn(pools.run());
    co_await filled(2);
    co_await images.remove(admin, ImageName("busybox"));
    EXPECT_EQ(status().ready, 0U);
    EXPECT_EQ((co_await runtime.list()).size(), 0U);
  }

  async::Task<> short_memory_empties_it() {
    pools.add(busybox(2, 2));
    tasks.spawn(pools.run());
    co_await filled(2);
    short_of_memory = true;
    pools.tick();
    co_await filled(0);
    pools.tick();
    EXPECT_EQ(status().making, 0U);
    short_of_memory = false;
    pools.tick();
    co_await filled(2);
  }

  async::Task<> failures_back_off() {
    runtime.fail_next(Operation::create, Error(ErrorKind::exhausted, "the disk is full"));
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await until([this] { return status().failures == 1; });
    EXPECT_EQ(status().last_failure, "the disk is full");
    pools.tick();
    EXPECT_EQ(status().making, 0U);  // not before its time
    clock.advance(Seconds{1});
    pools.tick();
    co_await filled(1);
    EXPECT_EQ(status().last_failure, "");
  }

  async::Task<> dead_ones_are_replaced() {
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await filled(1);
    const InstanceId dead((co_await runtime.list()).front().id);
    pools.ended(dead);
    clock.advance(Seconds{1});
    pools.tick();
    co_await filled(1);
    co_await until([this, dead] { return !runtime.exists(dead); });
  }

  async::Task<> one_that_died_on_its_way_is_told() {
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await filled(1);
    InstanceId dying;
    const Instance begun = co_await leases.begin(drafted(), [&](Transaction&, const Instance& draft) {
      dying = draft.id;
      pools.ended(draft.id);
      return std::optional<Instance>();
    });
    EXPECT_EQ(begun.id, dying);
    co_await reconciler.settled(dying, Seconds{10});
    EXPECT_EQ((co_await instances.find(admin, dying)).instance.state, stopped);
  }

  async::Task<> one_that_died_unseen_is_replaced() {
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await filled(1);
    const InstanceId lost((co_await runtime.list()).front().id);
    co_await runtime.destroy(lost);
    co_await reconciler.compare();
    clock.advance(Seconds{1});
    pools.tick();
    co_await until([this, lost] { return status().ready == 1 && pools.ready().front() != lost; });
  }

  async::Task<> service_must_listen() {
    plans[0].most_per_account = 10;
    PoolSettings settings = busybox(1, 1);
    settings.launch.port = 7;
    pools.add(settings);
    tasks.spawn(pools.run());
    co_await until([this] { return status().failures == 1; });
    EXPECT_THAT(status().last_failure, HasSubstr("no service"));
  }

  async::Task<> new_server_does_not_know_them() {
    pools.add(busybox(1, 1));
    tasks.spawn(pools.run());
    co_await filled(1);
    const InstanceId old((co_await runtime.list()).front().id);
    AgentLinks fresh_links{runtime, tasks};
    Pools fresh_pools{{.runtime = runtime,
                       .links = fresh_links,
                       .slots = slots,
                       .clock = clock,
                       .tasks = tasks,
                       .log = [](const std::string&) {},
                       .short_of_memory = [] { return false; }}};
    Reconciler::Surroundings fresh_surroundings{.runtime = runtime,
                                                .journal = journal,
                                                .links = fresh_links,
                                                .pools = fresh_pools,
                                                .slots = slots,
                                                .clock = clock,
                                                .limits = {},
                                                .tasks = tasks,
                                                .log = [](const std::string&) {}};
    Reconciler fresh{fresh_surroundings};
    co_await reconciler.compare();
    co_await reconciler.settled(old, Seconds{10});
    EXPECT_TRUE(runtime.exists(old));
    co_await fresh.compare();
    co_await fresh.settled(old, Seconds{10});
    EXPECT_FALSE(runtime.exists(old));
  }

  async::Task<> queue_is_fair() {
    std::vector<std::string> order;
    co_await journal.transact([&](Transaction& transaction) {
      for (const char* name : {"a1", "a2", "a3", "b1", "c1", "b2"}) {
        Instance instance = drafted();
        instance.id = InstanceId(name);
        instance.share = std::string(1, *name);
        join_queue(transaction, instance);
        transaction.put_instance(instance);
      }
      for (const Instance& instance : transaction.list_queued(0)) {
        order.push_back(instance.id.text());
      }
    });
    EXPECT_THAT(order, ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
    // Those who were served do not count against anybody, and who comes later does not overtake those who waited.
    co_await journal.transact([&](Transaction& transaction) {
      order.clear();
      for (int round = 0; round < 2; ++round) {
        const Admission admission =
            admit_waiting(transaction, {.most_active = 10, .most_starting = 2U + 2U * round}, clock.now());
        for (const InstanceId& id : admission.admitted) {
          order.push_back(id.text());
        }
      }
      Instance late = drafted();
      late.id = InstanceId("d1");
      late.share = "d";
      join_queue(transaction, late);
      transaction.put_instance(late);
      for (const Instance& instance : transaction.list_queued(0)) {
        order.push_back(instance.id.text());
      }
    });
    EXPECT_THAT(order, ElementsAre("a1", "b1", "c1", "a2", "b2", "d1", "a3"));
  }
};

class BigPoolsTest : public Host {
 protected:
  BigPoolsTest() : Host({.most_active = 100, .most_queued = 2}) {}

  // As the first of them: plan `number`.
  PoolSettings of_plan(std::size_t number, std::uint32_t size) const {
    return {.image = ImageName("busybox"), .plan = plans[number], .launch = {}, .least = size, .most = size};
  }
  PoolStatus status(std::size_t number) {
    const auto all = pools.statuses();
    return *std::ranges::find_if(all, [&](const PoolStatus& each) { return each.settings.plan == plans[number]; });
  }
  async::Task<> filled(std::size_t number, std::size_t ready) {
    while (status(number).ready != ready || status(number).making != 0) {
      co_await async::pause_for(Milliseconds{1});
    }
  }
  void lease(std::size_t number) {
    pools.keep(pools.take(Instance{.image = ImageName("busybox"), .plan = plans[number], .launch = {}}).value());
  }

  async::Task<> none_is_filled_while_another_is_leased_from() {
    pools.add(of_plan(0, 12));
    pools.add(of_plan(1, 12));
    tasks.spawn(pools.run());
    co_await filled(0, 12);
    co_await filled(1, 12);
    for (int number = 0; number < 4; ++number) {  // below three quarters
      lease(0);
    }
    clock.advance(Milliseconds{90});
    lease(1);
    clock.advance(Milliseconds{90});
    pools.add(of_plan(2, 1));  // so small a one is always filled, when it is the turn of all of them
    co_await filled(2, 1);
    EXPECT_EQ(status(0).ready, 8U);
    EXPECT_EQ(status(0).making, 0U);
    clock.advance(Milliseconds{10});
    co_await filled(0, 12);
    EXPECT_EQ(status(1).ready, 11U);
  }
};

TEST_F(BigPoolsTest, fill_none_while_leases_come_from_another_one) {
  run(none_is_filled_while_another_is_leased_from());
}

TEST_F(PoolsTest, empty_when_nobody_wants_them_any_more) { run(removed_one_is_emptied()); }
TEST_F(PoolsTest, lease_a_ready_instance_without_making_one) { run(lease_takes_a_ready_one()); }
TEST_F(PoolsTest, keep_to_their_image_and_plan) { run(other_requests_do_not_take_it()); }
TEST_F(PoolsTest, take_back_what_a_refused_request_did_not_get) { run(refused_request_gives_it_back()); }
TEST_F(PoolsTest, do_not_let_anybody_pass_the_limit_of_the_host) { run(full_host_queues_in_spite_of_it()); }
TEST_F(PoolsTest, give_way_when_the_host_fills_up) { run(gives_way_when_the_host_fills_up()); }
TEST_F(PoolsTest, follow_demand) { run(size_follows_demand()); }
TEST_F(PoolsTest, do_not_keep_an_image_from_being_removed) { run(image_cannot_be_outlived()); }
TEST_F(PoolsTest, empty_when_the_host_is_short_of_memory) { run(short_memory_empties_it()); }
TEST_F(PoolsTest, back_off_after_a_failure_and_say_why) { run(failures_back_off()); }
TEST_F(PoolsTest, replace_an_instance_that_ended) { run(dead_ones_are_replaced()); }
TEST_F(PoolsTest, tell_of_one_that_died_while_it_was_leased) { run(one_that_died_on_its_way_is_told()); }
TEST_F(PoolsTest, notice_after_a_gap_what_ended_meanwhile) { run(one_that_died_unseen_is_replaced()); }
TEST_F(PoolsTest, hold_nothing_whose_service_does_not_listen) { run(service_must_listen()); }
TEST_F(PoolsTest, of_an_earlier_server_are_cleaned_up) { run(new_server_does_not_know_them()); }
TEST_F(PoolsTest, leave_the_queue_fair) { run(queue_is_fair()); }

}  // namespace
}  // namespace berth::core
