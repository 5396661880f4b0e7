// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "async/cancelled.h"
#include "async/task_group.h"
#include "async/time_limit.h"
#include "runtimes/fake/fake_images.h"
#include "runtimes/fake/fake_runtime.h"

namespace berth::runtimes::fake {
namespace {

using core::InstanceActivity;
using wire::Frame;
using wire::FrameType;
using wire::Operation;

const InstanceId id{"one"};

class FakeTest : public testing::Test {
 protected:
  // Runs a test's coroutine to its end, which must come soon.
  void run(async::Task<> work) {
    std::exception_ptr fault;
    boost::asio::co_spawn(loop, async::with_limit(std::move(work), Seconds{20}, "the test takes too long"),
                          [&](std::exception_ptr ended) {
                            fault = ended;
                            loop.stop();
                          });
    loop.run();
    if (fault) {
      std::rethrow_exception(fault);
    }
  }

  boost::asio::io_context loop;
  FakeImages images{loop.get_executor()};
  FakeRuntime runtime{loop.get_executor(), images};
};

async::Task<ErrorKind> kind_of(async::Task<> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return error.kind();
  }
  ADD_FAILURE() << "it did not fail";
  co_return ErrorKind::internal;
}

async::Task<Frame> next(core::AgentChannel& channel) { co_return wire::decode(co_await channel.receive()); }

async::Task<> discard(async::Task<std::string> work) { co_await std::move(work); }

async::Task<std::unique_ptr<core::AgentChannel>> greeted(FakeRuntime& runtime) {
  auto channel = co_await runtime.agent(id);
  co_await channel->send(wire::encode({.type = FrameType::hello, .payload = wire::encode_payload(wire::HostHello{})}));
  const Frame hello = co_await next(*channel);
  EXPECT_EQ(hello.type, FrameType::hello);
  co_return channel;
}

async::Task<> open(core::AgentChannel& channel, std::uint32_t session, std::vector<std::string> command,
                   wire::SessionKind kind = wire::SessionKind::command) {
  co_await channel.send(
      wire::encode({.type = FrameType::open,
                    .session = session,
                    .payload = wire::encode_payload(wire::OpenSession{.kind = kind, .command = std::move(command)})}));
}

async::Task<> sftp_scenario(FakeRuntime& runtime) {
  co_await runtime.create(id, {.image = "busybox"});
  const auto channel = co_await greeted(runtime);
  co_await open(*channel, 1, {}, wire::SessionKind::sftp);
  const Frame answer = co_await next(*channel);
  EXPECT_EQ(answer.type, FrameType::refused);
  EXPECT_EQ(answer.session, 1U);
}

TEST_F(FakeTest, refuses_sftp) { run(sftp_scenario(runtime)); }

async::Task<> faults_scenario(FakeRuntime& runtime) {
  runtime.fail_next(Operation::create, Error(ErrorKind::unavailable, "later"));
  EXPECT_EQ(co_await kind_of(runtime.create(id, {.image = "busybox"})), ErrorKind::unavailable);
  EXPECT_FALSE(runtime.exists(id));
  co_await runtime.create(id, {.image = "busybox"});
  EXPECT_TRUE(runtime.exists(id));
  EXPECT_EQ(runtime.faults().calls(Operation::create), 2);
}

TEST_F(FakeTest, an_operation_fails_as_often_as_it_was_told) { run(faults_scenario(runtime)); }

async::Task<> held_scenario(FakeRuntime& runtime) {
  async::TaskGroup group(co_await boost::asio::this_coro::executor);
  runtime.faults().hold(Operation::create);
  group.spawn(runtime.create(id, {.image = "busybox"}));
  while (runtime.faults().calls(Operation::create) == 0) {
    co_await async::pause_for(Milliseconds{0});
  }
  co_await async::pause_for(Milliseconds{0});
  EXPECT_FALSE(runtime.exists(id));
  runtime.faults().release(Operation::create);
  co_await group.join();
  EXPECT_TRUE(runtime.exists(id));
}

TEST_F(FakeTest, a_held_operation_waits_for_its_release) { run(held_scenario(runtime)); }

async::Task<> end_scenario(FakeRuntime& runtime) {
  async::TaskGroup group(co_await boost::asio::this_coro::executor);
  std::vector<core::InstanceStatus> ended;
  co_await runtime.create(id, {.image = "busybox"});
  group.spawn(runtime.watch([&](core::InstanceStatus status) { ended.push_back(status); }));
  while (!runtime.watched()) {
    co_await async::pause_for(Milliseconds{0});
  }
  runtime.end(id, true);
  EXPECT_EQ(ended.size(), 1U);
  EXPECT_TRUE(ended.at(0).out_of_memory);
  EXPECT_EQ(ended.at(0).activity, InstanceActivity::stopped);
  EXPECT_TRUE(co_await group.stop(Seconds{5}));
  EXPECT_FALSE(runtime.watched());
}

TEST_F(FakeTest, an_instance_that_ends_by_itself_is_told_to_the_watcher) { run(end_scenario(runtime)); }

async::Task<> window_scenario(FakeRuntime& runtime, std::string& seen, std::uint64_t& first_window) {
  co_await runtime.create(id, {.image = "busybox"});
  auto channel = co_await greeted(runtime);
  co_await open(*channel, 1, {"count", "100000"});
  EXPECT_EQ((co_await next(*channel)).type, FrameType::opened);
  while (seen.size() < wire::output_window) {
    seen += (co_await next(*channel)).payload;
  }
  EXPECT_FALSE(co_await async::finishes_within(discard(channel->receive()), Milliseconds{10}));
  first_window = seen.size();
  channel = co_await greeted(runtime);  // a new link, on which nothing was acknowledged yet
  seen.resize(1000);
  co_await channel->send(wire::encode({.type = FrameType::attach, .session = 1, .offset = 1000, .payload = {}}));
  for (;;) {
    const Frame frame = co_await next(*channel);
    if (frame.type == FrameType::exited) {
      EXPECT_EQ(frame.offset, seen.size());
      co_return;
    }
    EXPECT_EQ(frame.offset, seen.size());
    seen += frame.payload;
    co_await channel->send(
        wire::encode({.type = FrameType::acknowledge, .session = 1, .offset = seen.size(), .payload = {}}));
  }
}

TEST_F(FakeTest, output_stops_at_the_window_and_goes_on_whole_on_a_new_link) {
  std::string seen;
  std::uint64_t first_window = 0;
  run(window_scenario(runtime, seen, first_window));
  EXPECT_EQ(first_window, wire::output_window);
  std::string expected;
  for (int number = 1; number <= 100000; ++number) {
    expected += std::to_string(number) + "\n";
  }
  EXPECT_EQ(seen, expected);
}

async::Task<> behaviour_scenario(FakeRuntime& runtime, AgentBehaviour behaviour, ErrorKind expected) {
  runtime.new_agents_behave(behaviour);
  co_await runtime.create(id, {.image = "busybox"});
  auto channel = co_await runtime.agent(id);
  EXPECT_EQ(co_await kind_of(discard(channel->receive())), expected);
}

TEST_F(FakeTest, an_agent_that_sends_too_much_is_the_instances_fault) {
  run(behaviour_scenario(runtime, AgentBehaviour::oversized, ErrorKind::instance_fault));
}

TEST_F(FakeTest, an_agent_that_closes_is_unavailable) {
  run(behaviour_scenario(runtime, AgentBehaviour::closes, ErrorKind::unavailable));
}

async::Task<> silent_scenario(FakeRuntime& runtime, bool& sent_all) {
  runtime.new_agents_behave(AgentBehaviour::silent);
  co_await runtime.create(id, {.image = "busybox"});
  auto channel = co_await runtime.agent(id);
  sent_all = true;
  for (int count = 0; sent_all && count < 1000; ++count) {
    sent_all = co_await async::finishes_within(channel->send("x"), Milliseconds{5});
  }
}

TEST_F(FakeTest, sending_waits_for_an_agent_that_does_not_read) {
  bool sent_all = true;
  run(silent_scenario(runtime, sent_all));
  EXPECT_FALSE(sent_all);
}

async::Task<> in_use_scenario(FakeRuntime& runtime, FakeImages& images) {
  co_await runtime.create(id, {.image = "busybox"});
  EXPECT_EQ(co_await kind_of(images.remove(ImageName("busybox"))), ErrorKind::conflict);
  co_await runtime.destroy(id);
  co_await images.remove(ImageName("busybox"));
  EXPECT_EQ(co_await kind_of(runtime.create(id, {.image = "busybox"})), ErrorKind::not_found);
}

TEST_F(FakeTest, an_image_in_use_stays) { run(in_use_scenario(runtime, images)); }

async::Task<> check_scenario(FakeRuntime& runtime) {
  co_await runtime.create(id, {.image = "busybox"});
  runtime.answer_checks([](const InstanceId& checked, const core::CheckSpec& spec, const std::string& script) {
    return core::CheckReport{.code = spec.inside ? 1 : 0, .output = checked.text() + ": " + script};
  });
  const auto report = co_await runtime.check(id, {.inside = true}, "anything");
  EXPECT_EQ(report.code, 1);
  EXPECT_EQ(report.output, "one: anything");
  runtime.answer_checks(nullptr);
  EXPECT_EQ((co_await runtime.check(id, {}, "echo OK")).output, "OK\n");
}

TEST_F(FakeTest, checks_are_answered_as_a_test_wants) { run(check_scenario(runtime)); }

}  // namespace
}  // namespace berth::runtimes::fake
