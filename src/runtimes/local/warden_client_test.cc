// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/warden_client.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "async/race.h"
#include "async/task_group.h"
#include "async/time_limit.h"
#include "runtimes/local/local_runtime.h"
#include "runtimes/local/odd_warden.h"
#include "wire/agent_protocol.h"

namespace berth::runtimes::local {
namespace {

using testing::ElementsAre;

const InstanceId id{"one"};

void run(boost::asio::io_context& loop, async::Task<> work) {
  std::exception_ptr fault;
  boost::asio::co_spawn(loop, async::with_limit(std::move(work), Seconds{30}, "the test takes too long"),
                        [&](std::exception_ptr ended) {
                          fault = ended;
                          loop.stop();
                        });
  loop.restart();
  loop.run();
  if (fault) {
    std::rethrow_exception(fault);
  }
}

struct Caught {
  ErrorKind kind = ErrorKind::internal;
  std::string message = "it did not fail";
};

async::Task<> catch_into(async::Task<> work, Caught& caught) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    caught = {error.kind(), error.what()};
  }
}

template <class T>
async::Task<> discard(async::Task<T> work) {
  co_await std::move(work);
}

// A client of an odd warden, with limits a test can wait for.
struct Client {
  explicit Client(OddWarden::Serve serve, std::uint32_t connections = 4, Seconds create_limit = Seconds{1})
      : warden(std::move(serve)),
        client(loop.get_executor(), Settings{.warden_socket = warden.path(),
                                             .connections = connections,
                                             .operation_limit = Seconds{1},
                                             .create_limit = create_limit,
                                             .progress_limit = Seconds{1}}),
        runtime(client) {}

  Caught failure_of(async::Task<> work) {
    Caught caught;
    run(loop, catch_into(std::move(work), caught));
    return caught;
  }

  boost::asio::io_context loop;
  OddWarden warden;
  WardenClient client;
  LocalRuntime runtime;
};

// Greets, then answers every request with the same packet.
OddWarden::Serve answers(std::string packet, std::vector<int> descriptors = {}) {
  return [packet, descriptors](OddWarden::Peer& peer) {
    peer.greet();
    while (!peer.read().empty()) {
      peer.write(packet, descriptors);
    }
  };
}

int open_descriptors() {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

TEST(WardenClient, a_missing_warden_is_unavailable_and_named) {
  boost::asio::io_context loop;
  WardenClient client(loop.get_executor(), Settings{.warden_socket = "/nonexistent/socket"});
  LocalRuntime runtime(client);
  Caught caught;
  run(loop, catch_into(runtime.stop(id), caught));
  EXPECT_EQ(caught.kind, ErrorKind::unavailable);
  EXPECT_THAT(caught.message, testing::HasSubstr("is berth-warden running?"));
}

TEST(WardenClient, the_wardens_own_errors_arrive_with_kind_and_message_on_a_connection_that_stays) {
  Client test(answers(R"({"error":{"kind":"not_found","message":"no such image"}})"));
  for (int repeat = 0; repeat < 3; ++repeat) {
    const Caught caught = test.failure_of(test.runtime.create(id, {}));
    EXPECT_EQ(caught.kind, ErrorKind::not_found);
    EXPECT_EQ(caught.message, "no such image");
  }
  EXPECT_EQ(test.warden.connections(), 1);
}

TEST(WardenClient, a_request_has_only_the_fields_of_its_operation) {
  std::string request;
  Client test([&](OddWarden::Peer& peer) {
    peer.greet();
    request = peer.read();
    peer.write(R"({"result":{}})");
    peer.read();
  });
  run(test.loop, test.runtime.stop(id));
  EXPECT_EQ(request, R"({"operation":"stop","id":"one"})");
}

TEST(WardenClient, an_answer_that_makes_no_sense_is_a_fault_and_ends_the_connection) {
  const int before = open_descriptors();
  for (const auto* packet : {R"({"result":)", "[]", "{}", R"({"result":{},"error":{}})", R"({"surprise":{}})",
                             R"({"progress":{"fraction":0.5,"note":""}})", R"({"error":"x"})"}) {
    Client test(answers(packet));
    for (int repeat = 0; repeat < 2; ++repeat) {
      const Caught caught = test.failure_of(test.runtime.stop(id));
      EXPECT_EQ(caught.kind, ErrorKind::internal) << packet;
      EXPECT_NE(caught.message, "it did not fail") << packet;
    }
    EXPECT_EQ(test.warden.connections(), 2) << packet;
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(WardenClient, a_wrong_number_of_descriptors_is_a_fault_and_all_are_closed) {
  const int before = open_descriptors();
  for (const std::vector<int>& passed : {std::vector<int>{}, {0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}}) {
    Client test(answers(R"({"result":{}})", passed));
    EXPECT_NE(test.failure_of(discard(test.runtime.connect(id, 80))).message, "it did not fail") << passed.size();
    if (!passed.empty()) {
      EXPECT_NE(test.failure_of(test.runtime.stop(id)).message, "it did not fail") << passed.size();
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(WardenClient, a_silent_warden_is_timed_out) {
  Client test([](OddWarden::Peer& peer) {
    peer.greet();
    while (!peer.read().empty()) {
    }
  });
  EXPECT_EQ(test.failure_of(test.runtime.stop(id)).kind, ErrorKind::timed_out);
}

TEST(WardenClient, a_connection_closed_in_the_middle_is_unavailable_and_the_next_call_connects_again) {
  Client test([calls = 0](OddWarden::Peer& peer) mutable {
    peer.greet();
    peer.read();
    if (calls++ > 0) {
      peer.write(R"({"result":{}})");
      peer.read();
    }
  });
  EXPECT_EQ(test.failure_of(test.runtime.stop(id)).kind, ErrorKind::unavailable);
  run(test.loop, test.runtime.stop(id));
  EXPECT_EQ(test.warden.connections(), 2);
}

TEST(WardenClient, a_warden_that_restarted_between_two_calls_is_not_noticed) {
  Client test([](OddWarden::Peer& peer) {
    peer.greet();
    peer.read();
    peer.write(R"({"result":{}})");
  });
  for (int repeat = 0; repeat < 3; ++repeat) {
    run(test.loop, test.runtime.stop(id));
    test.warden.await_closed(repeat + 1);
  }
}

TEST(WardenClient, who_connects_does_not_wait_behind_who_creates) {
  bool came = false;
  Client test(
      [&](OddWarden::Peer& peer) {
        peer.greet();
        if (peer.read().find("create") != std::string::npos) {
          came = peer.others_wait(Seconds{15});  // while the create has no answer
        }
        peer.write(R"({"result":{}})");
        peer.read();
      },
      1, Seconds{20});
  test.failure_of(async::both(test.runtime.create(id, {}), discard(test.runtime.connect(id, 80))));
  EXPECT_TRUE(came);
}

// What the odd warden and the test tell each other.
struct Signals {
  std::atomic<bool> asked = false;
  std::atomic<bool> cancelled = false;
};

async::Task<> cancelled_call(LocalRuntime& runtime, Signals& signals, std::vector<core::InstanceStatus>& list) {
  {
    async::TaskGroup group(co_await boost::asio::this_coro::executor);
    group.spawn(runtime.stop(id));
    while (!signals.asked) {
      co_await async::pause_for(Milliseconds{1});
    }
    EXPECT_TRUE(co_await group.stop(Seconds{5}));
  }
  signals.cancelled = true;
  signals.cancelled.notify_all();
  list = co_await runtime.list();
}

TEST(WardenClient, an_answer_after_a_cancelled_call_is_not_taken_for_the_next_ones) {
  Signals signals;
  Client test([&](OddWarden::Peer& peer) {
    peer.greet();
    for (std::string request = peer.read(); !request.empty(); request = peer.read()) {
      signals.asked = true;
      signals.cancelled.wait(false);
      peer.write(request.find("list") == std::string::npos
                     ? R"({"result":{}})"
                     : R"({"result":[{"id":"one","image":"busybox","activity":"paused","out_of_memory":false}]})");
    }
  });
  std::vector<core::InstanceStatus> list;
  run(test.loop, cancelled_call(test.runtime, signals, list));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].activity, core::InstanceActivity::paused);
}

async::Task<> numbered(LocalRuntime& runtime, int number, std::vector<int>& order) {
  co_await runtime.stop(InstanceId(std::to_string(number)));
  order.push_back(number);
}

async::Task<> queue_scenario(LocalRuntime& runtime, std::vector<int>& order) {
  async::TaskGroup group(co_await boost::asio::this_coro::executor);
  for (int number = 0; number < 5; ++number) {
    group.spawn(numbered(runtime, number, order));
  }
  co_await group.join();
}

TEST(WardenClient, calls_wait_in_order_for_a_free_connection) {
  Client test(answers(R"({"result":{}})"), 1);
  std::vector<int> order;
  run(test.loop, queue_scenario(test.runtime, order));
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(test.warden.connections(), 1);
}

TEST(WardenClient, watching_tells_each_end_and_ends_with_the_warden) {
  Client test([](OddWarden::Peer& peer) {
    peer.greet();
    peer.read();
    peer.write(R"({"result":{}})");
    for (const auto* name : {"a", "b"}) {
      peer.write(std::string(R"({"exited":{"id":")") + name +
                 R"(","image":"busybox","activity":"stopped","out_of_memory":true}})");
    }
  });
  std::vector<std::string> ended;
  const Caught caught =
      test.failure_of(test.runtime.watch([&](const core::InstanceStatus& status) { ended.push_back(status.id); }));
  EXPECT_EQ(caught.kind, ErrorKind::unavailable);
  EXPECT_THAT(ended, ElementsAre("a", "b"));
}

async::Task<> watch_and_list(LocalRuntime& runtime) {
  co_await async::race(runtime.watch([](const core::InstanceStatus&) {}), discard(runtime.list()));
}

TEST(WardenClient, a_list_asked_for_after_a_watch_waits_for_the_watch_to_begin) {
  bool list_came_early = true;
  Client test([&, first = true](OddWarden::Peer& peer) mutable {
    peer.greet();
    if (std::exchange(first, false)) {
      EXPECT_EQ(peer.read(), R"({"operation":"watch"})");
      list_came_early = peer.others_wait();
      peer.write(R"({"result":{}})");
      peer.others_wait(Seconds{20});
      return;
    }
    peer.read();
    peer.write(R"({"result":[]})");
    peer.read();
  });
  test.failure_of(watch_and_list(test.runtime));
  EXPECT_FALSE(list_came_early);
}

TEST(WardenClient, a_long_operation_tells_its_progress) {
  Client test([](OddWarden::Peer& peer) {
    peer.greet();
    peer.read();
    peer.write(R"({"progress":{"fraction":0.25,"note":"a"}})");
    peer.write(R"({"progress":{"fraction":7,"note":"b"}})");
    peer.write(R"({"result":{"done":true}})");
    peer.read();
  });
  std::vector<double> fractions;
  run(test.loop,
      discard(test.client.call_long({.operation = wire::Operation::build_image, .name = "busybox"}, {},
                                    [&](double fraction, const std::string&) { fractions.push_back(fraction); })));
  EXPECT_THAT(fractions, ElementsAre(0.25, 1.0));
}

TEST(WardenClient, another_version_of_the_protocol_is_refused) {
  Client test([](OddWarden::Peer& peer) {
    peer.read();
    peer.write(R"({"result":{"version":2,"runtime":"odd","most_instances":1,"recipes":[]}})");
    peer.read();
  });
  EXPECT_THAT(test.failure_of(test.runtime.stop(id)).message, testing::HasSubstr("different versions"));
}

// An agent channel and the socket at its other end.
async::Task<> channel_scenario(LocalRuntime& runtime, int agent, Caught& closed, Caught& too_long) {
  auto channel = co_await runtime.agent(id);
  const std::string longest(wire::max_frame, 'x');
  send(agent, longest.data(), longest.size(), 0);
  EXPECT_EQ((co_await channel->receive()).size(), wire::max_frame);
  const std::string longer = longest + "x";
  send(agent, longer.data(), longer.size(), 0);
  co_await catch_into(discard(channel->receive()), too_long);
  bool sent = true;
  int count = 0;
  while (sent) {
    sent = co_await async::finishes_within(channel->send(longest), Milliseconds{20});
    ++count;
  }
  EXPECT_GT(count, 1);
  shutdown(agent, SHUT_RDWR);
  co_await catch_into(channel->send("x"), closed);
}

TEST(AgentChannel, bounds_packets_waits_for_the_reader_and_survives_its_end) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor near(ends[0]);
  const Descriptor agent(ends[1]);
  Client test(answers(R"({"result":{}})", {near.get()}));
  Caught closed;
  Caught too_long;
  run(test.loop, channel_scenario(test.runtime, agent.get(), closed, too_long));
  EXPECT_EQ(too_long.kind, ErrorKind::instance_fault);
  EXPECT_EQ(closed.kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace berth::runtimes::local
