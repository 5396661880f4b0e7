// SPDX-License-Identifier: Apache-2.0
#include "core/services.h"

#include <gmock/gmock.h>

#include <list>

#include "core/host.h"

namespace berth::core {
namespace {

using testing::Contains;
using testing::HasSubstr;
using wire::Operation;

// With room for two instances (see Host), and a fake runtime whose instances listen nowhere: port 0 needs none.
class ServicesTest : public Host {
 protected:
  // As after a start of berthd. They live as long as the tasks that refer to them.
  Services& another() {
    return others.emplace_back(
        Services::Surroundings{.journal = journal,
                               .leases = leases,
                               .reconciler = reconciler,
                               .runtime = runtime,
                               .clock = clock,
                               .tasks = tasks,
                               .log = [this](const std::string& line) { logged.push_back(line); }});
  }

  std::vector<std::string> logged;
  std::list<Services> others;
  Services& services = another();

  Service echo(ServiceMode mode) {
    return {.name = "echo",
            .image = "busybox",
            .plan = plans[0].name,
            .launch = {},
            .mode = mode,
            .idle_limit = Seconds{60},
            .total_limit = Seconds{600},
            .max_instances = 2,
            .least_ready = 0,
            .most_ready = 0};
  }

  async::Task<> open(ServiceMode mode) { return services.open({echo(mode)}, plans); }

  async::Task<std::unique_ptr<Visit>> visit(std::string key) {
    return services.visit("echo", {.key = key, .holder = key.substr(0, 1), .share = key.substr(0, 1)});
  }

  async::Task<> idle_again() {
    while (tasks.size() > 1) {  // the watcher of the runtime stays
      co_await async::pause_for(Milliseconds{1});
    }
  }

  async::Task<> one_key_reaches_one_instance() {
    co_await open(ServiceMode::token);
    const auto first = co_await visit("a1");
    const auto again = co_await visit("a1");
    const auto other = co_await visit("a2");
    EXPECT_EQ(first->instance(), again->instance());
    EXPECT_NE(first->instance(), other->instance());
    EXPECT_EQ(services.list(admin).front().connections, 3U);
    EXPECT_EQ(services.list(admin).front().instances, 2U);
  }

  async::Task<> two_at_once_share_it() {
    co_await open(ServiceMode::token);
    runtime.faults().hold(Operation::create);
    std::unique_ptr<Visit> one;
    std::unique_ptr<Visit> two;
    const auto keep = [](ServicesTest& self, std::unique_ptr<Visit>& into) -> async::Task<> {
      into = co_await self.visit("a1");
    };
    tasks.spawn(keep(*this, one));
    tasks.spawn(keep(*this, two));
    while (runtime.faults().calls(Operation::create) == 0) {
      co_await async::pause_for(Milliseconds{1});
    }
    runtime.faults().release(Operation::create);
    while (!one || !two) {
      co_await async::pause_for(Milliseconds{1});
    }
    EXPECT_EQ(one->instance(), two->instance());
    EXPECT_EQ(runtime.faults().calls(Operation::create), 1);
  }

  async::Task<> own_instance_ends_with_its_connection() {
    co_await open(ServiceMode::per_connection);
    auto one = co_await visit("");
    auto two = co_await visit("");
    EXPECT_NE(one->instance(), two->instance());
    const InstanceId id = one->instance();
    one.reset();
    while (runtime.exists(id)) {
      co_await async::pause_for(Milliseconds{1});
    }
    EXPECT_TRUE(runtime.exists(two->instance()));
    EXPECT_EQ(services.list(admin).front().instances, 1U);
  }

  async::Task<> oldest_idle_one_gives_way() {
    co_await open(ServiceMode::token);
    auto busy = co_await visit("a1");
    busy->measure_idle([] { return Milliseconds{0}; });
    auto idle = co_await visit("b1");
    idle->measure_idle([] { return Milliseconds{5000}; });
    const InstanceId evicted = idle->instance();
    const auto third = co_await visit("c1");
    co_await idle->ended();
    EXPECT_FALSE(runtime.exists(evicted));
    EXPECT_TRUE(runtime.exists(busy->instance()));
    EXPECT_EQ(services.list(admin).front().evicted, 1U);
    EXPECT_EQ((co_await visit("a1"))->instance(), busy->instance());  // which needs no room
    EXPECT_EQ(services.list(admin).front().evicted, 1U);
    const Instance gone =
        co_await journal.transact([&](Transaction& transaction) { return *transaction.find_instance(evicted); });
    EXPECT_EQ(gone.state, InstanceState::gone);
    EXPECT_THAT(gone.reason.value_or(""), HasSubstr("idle"));
  }

  async::Task<> reset_ends_all_of_a_token() {
    co_await open(ServiceMode::token);
    const auto one = co_await visit("a1");
    const auto other = co_await visit("b1");
    co_await services.reset("echo", "a");
    co_await one->ended();
    EXPECT_FALSE(runtime.exists(one->instance()));
    EXPECT_TRUE(runtime.exists(other->instance()));
    EXPECT_NE((co_await visit("a1"))->instance(), one->instance());
  }

  async::Task<> idle_ones_end() {
    co_await open(ServiceMode::token);
    auto used = co_await visit("a1");
    used->measure_idle([] { return Milliseconds{0}; });
    const InstanceId left = (co_await visit("b1"))->instance();
    clock.advance(Seconds{59});
    services.tick();
    EXPECT_EQ(services.list(admin).front().instances, 2U);
    clock.advance(Seconds{1});
    services.tick();
    EXPECT_EQ(services.list(admin).front().instances, 1U);
    while (runtime.exists(left)) {
      co_await async::pause_for(Milliseconds{1});
    }
    clock.advance(Seconds{540});  // the total limit, however busy
    co_await reconciler.tick();
    co_await used->ended();
  }

  async::Task<> failure_reaches_who_waits() {
    co_await open(ServiceMode::token);
    runtime.fail_next(Operation::create, Error(ErrorKind::exhausted, "the disk is full"));
    const Failure failure = co_await failure_of(without_result(visit("a1")));
    EXPECT_THAT(failure.message, HasSubstr("the disk is full"));
    EXPECT_EQ(services.list(admin).front().instances, 0U);
    EXPECT_EQ(services.list(admin).front().failed, 1U);
    EXPECT_TRUE(runtime.exists((co_await visit("a1"))->instance()));
  }

  async::Task<> who_waits_for_too_long_is_told() {
    Service service = echo(ServiceMode::token);
    service.queue_limit = Seconds{0};
    co_await services.open({service}, plans);
    EXPECT_THAT((co_await failure_of(without_result(visit("a1")))).message, HasSubstr("no instance was free"));
    EXPECT_THAT(logged, Contains(HasSubstr("no instance was free")));
    EXPECT_EQ(services.list(admin).front().failed, 1U);
  }

  async::Task<> unreachable_service_ends_its_instance() {
    Service service = echo(ServiceMode::token);
    co_await services.open({service}, plans);
    const auto dead = co_await visit("a1");
    runtime.fail_next(Operation::connect, Error(ErrorKind::unavailable, "nothing listens"));
    EXPECT_EQ(co_await kind_of(dead->connect()), "unavailable");
    co_await dead->ended();
    EXPECT_NE((co_await visit("a1"))->instance(), dead->instance());
  }

  async::Task<> new_server_finds_them_again() {
    co_await open(ServiceMode::token);
    const InstanceId kept = (co_await visit("a1"))->instance();
    Services& fresh = another();
    co_await fresh.open({echo(ServiceMode::token)}, plans);
    EXPECT_EQ((co_await fresh.visit("echo", {.key = "a1", .holder = "a", .share = "a"}))->instance(), kept);
    Services& without = another();
    co_await without.open({}, plans);
    while (runtime.exists(kept)) {
      co_await async::pause_for(Milliseconds{1});
    }
  }

  async::Task<> strangers_learn_nothing() {
    co_await open(ServiceMode::token);
    const Caller member = co_await caller("member");
    EXPECT_THROW(services.list(member), Error);
    EXPECT_EQ(co_await kind_of(services.reset_all(member, "echo")), "forbidden");
    EXPECT_EQ(co_await kind_of(services.visit("nothing", {})), "not_found");
  }
};

TEST_F(ServicesTest, lead_one_key_to_one_instance) { run(one_key_reaches_one_instance()); }
TEST_F(ServicesTest, make_one_instance_for_two_at_once) { run(two_at_once_share_it()); }
TEST_F(ServicesTest, end_the_instance_of_one_connection_with_it) { run(own_instance_ends_with_its_connection()); }
TEST_F(ServicesTest, evict_the_one_idle_for_longest_and_no_more) { run(oldest_idle_one_gives_way()); }
TEST_F(ServicesTest, reset_what_a_token_holds) { run(reset_ends_all_of_a_token()); }
TEST_F(ServicesTest, end_what_is_idle_or_over_its_time) { run(idle_ones_end()); }
TEST_F(ServicesTest, tell_who_waits_of_a_failed_start) { run(failure_reaches_who_waits()); }
TEST_F(ServicesTest, tell_who_waited_for_too_long) { run(who_waits_for_too_long_is_told()); }
TEST_F(ServicesTest, replace_an_instance_whose_service_is_dead) { run(unreachable_service_ends_its_instance()); }
TEST_F(ServicesTest, find_their_instances_after_a_restart) { run(new_server_finds_them_again()); }
TEST_F(ServicesTest, are_the_administrators_business) { run(strangers_learn_nothing()); }

}  // namespace
}  // namespace berth::core
