// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "async/blocking_pool.h"
#include "async/cancelled.h"
#include "async/either.h"
#include "async/task_group.h"
#include "async/time_limit.h"
#include "async/trigger.h"

namespace berth::async {
namespace {

// Runs `task` to its end on a fresh event loop and passes its exception on.
void run(boost::asio::io_context& loop, Task<> task) {
  std::exception_ptr fault;
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr ended) { fault = ended; });
  loop.run();
  if (fault) {
    std::rethrow_exception(fault);
  }
}

Task<> wait_on(Trigger& trigger, int& woken) {
  co_await trigger.wait();
  ++woken;
}

Task<> group_scenario(boost::asio::io_context& loop, int& woken, bool& joined) {
  Trigger trigger(loop.get_executor());
  TaskGroup group(loop.get_executor());
  group.spawn(wait_on(trigger, woken));
  group.spawn(wait_on(trigger, woken));
  co_await pause_for(Milliseconds{0});
  trigger.fire();
  co_await group.join();
  group.spawn(wait_on(trigger, woken));
  co_await pause_for(Milliseconds{0});
  joined = co_await group.stop(Seconds{5});
}

TEST(TaskGroup, waits_for_its_tasks_and_cancels_those_that_would_wait_for_ever) {
  boost::asio::io_context loop;
  int woken = 0;
  bool joined = false;
  run(loop, group_scenario(loop, woken, joined));
  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(joined);
}

Task<> throwing() {
  throw Error(ErrorKind::conflict, "no");
  co_return;
}

Task<> fault_scenario(boost::asio::io_context& loop, std::string& seen) {
  TaskGroup group(loop.get_executor(), [&](const std::string& what) { seen = what; });
  group.spawn(throwing());
  co_await group.join();
}

TEST(TaskGroup, hands_a_tasks_exception_to_the_fault_handler) {
  boost::asio::io_context loop;
  std::string seen;
  run(loop, fault_scenario(loop, seen));
  EXPECT_EQ(seen, "no");
}

Task<int> never(Trigger& trigger) {
  co_await trigger.wait();
  co_return 1;
}

Task<> limit_scenario(boost::asio::io_context& loop, std::string& message) {
  Trigger trigger(loop.get_executor());
  try {
    co_await with_limit(never(trigger), Milliseconds{1}, "too slow");
  } catch (const Error& error) {
    message = error.what();
  }
}

TEST(TimeLimit, ends_work_that_does_not_end) {
  boost::asio::io_context loop;
  std::string message;
  run(loop, limit_scenario(loop, message));
  EXPECT_EQ(message, "too slow");
}

Task<ErrorKind> kind_within(Task<> work, Milliseconds limit) {
  try {
    co_await with_limit(std::move(work), limit, "too slow");
  } catch (const Error& error) {
    co_return error.kind();
  }
  co_return ErrorKind::internal;
}

Task<> fault_within_limit_scenario(ErrorKind& kind) { kind = co_await kind_within(throwing(), Seconds{1000}); }

TEST(TimeLimit, passes_a_fault_on_at_once) {
  boost::asio::io_context loop;
  ErrorKind kind = ErrorKind::internal;
  run(loop, fault_within_limit_scenario(kind));
  EXPECT_EQ(kind, ErrorKind::conflict);
}

Task<> cancelled_scenario(boost::asio::io_context& loop, bool& joined, std::string& fault) {
  Trigger trigger(loop.get_executor());
  TaskGroup group(loop.get_executor(), [&](const std::string& what) { fault = what; });
  group.spawn(with_limit(trigger.wait(), Seconds{1000}, "too slow"));
  co_await pause_for(Milliseconds{0});
  joined = co_await group.stop(Seconds{5});
}

TEST(TimeLimit, is_cancelled_with_its_work) {
  boost::asio::io_context loop;
  bool joined = false;
  std::string fault;
  run(loop, cancelled_scenario(loop, joined, fault));
  EXPECT_TRUE(joined);
  EXPECT_EQ(fault, "");  // a cancellation is none
}

Task<> either_scenario(boost::asio::io_context& loop, ErrorKind& kind) {
  Trigger never_fired(loop.get_executor());
  kind = co_await kind_within(until_either_ends(never_fired.wait(), throwing()), Seconds{1000});
}

TEST(Either, a_fault_of_one_ends_the_other_and_keeps_its_kind) {
  boost::asio::io_context loop;
  ErrorKind kind = ErrorKind::internal;
  run(loop, either_scenario(loop, kind));
  EXPECT_EQ(kind, ErrorKind::conflict);
}

Task<> quick(bool& ended) {
  ended = true;
  co_return;
}

Task<> both_scenario(boost::asio::io_context& loop, bool& ended, ErrorKind& late, ErrorKind& two) {
  Trigger never_fired(loop.get_executor());
  late = co_await kind_within(until_both_end(quick(ended), throwing()), Seconds{1000});
  two = co_await kind_within(until_both_end(throwing(), never_fired.wait()), Seconds{1000});
}

TEST(Both, end_and_the_first_fault_keeps_its_kind) {
  boost::asio::io_context loop;
  bool ended = false;
  ErrorKind late = ErrorKind::internal;
  ErrorKind two = ErrorKind::internal;
  run(loop, both_scenario(loop, ended, late, two));
  EXPECT_TRUE(ended);
  EXPECT_EQ(late, ErrorKind::conflict);
  EXPECT_EQ(two, ErrorKind::conflict);
}

Task<> pool_scenario(BlockingPool& pool, std::thread::id& worker, std::thread::id& after) {
  worker = co_await pool.run<std::thread::id>([] { return std::this_thread::get_id(); });
  after = std::this_thread::get_id();
}

TEST(BlockingPool, works_elsewhere_and_comes_back_to_the_event_thread) {
  boost::asio::io_context loop;
  BlockingPool pool(1);
  std::thread::id worker;
  std::thread::id after;
  run(loop, pool_scenario(pool, worker, after));
  EXPECT_NE(worker, std::this_thread::get_id());
  EXPECT_EQ(after, std::this_thread::get_id());
}

}  // namespace
}  // namespace berth::async
