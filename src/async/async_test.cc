// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "async/blocking_pool.h"
#include "async/cancelled.h"
#include "async/carried_out.h"
#include "async/race.h"
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

Task<int> slow_seven(Trigger& go, bool& finished) {
  co_await go.wait();
  finished = true;
  co_return 7;
}

Task<> wait_for_seven(TaskGroup& works, Trigger& go, bool& finished, int& seven) {
  seven = co_await carried_out(works, slow_seven(go, finished));
}

Task<> left_alone(boost::asio::io_context& loop, bool& finished, int& seven) {
  Trigger go(loop.get_executor());
  TaskGroup works(loop.get_executor());
  TaskGroup callers(loop.get_executor());
  callers.spawn(wait_for_seven(works, go, finished, seven));
  co_await pause_for(Milliseconds{0});
  co_await callers.stop(Seconds{5});
  EXPECT_FALSE(finished);
  go.fire();
  co_await works.join();
}

TEST(CarriedOut, goes_on_when_its_caller_is_cancelled) {
  boost::asio::io_context loop;
  bool finished = false;
  int seven = 0;
  run(loop, left_alone(loop, finished, seven));
  EXPECT_TRUE(finished);
  EXPECT_EQ(seven, 0);
}

Task<> waited_for(boost::asio::io_context& loop, int& seven) {
  Trigger go(loop.get_executor());
  TaskGroup works(loop.get_executor());
  TaskGroup callers(loop.get_executor());
  bool finished = false;
  callers.spawn(wait_for_seven(works, go, finished, seven));
  co_await pause_for(Milliseconds{0});
  go.fire();
  co_await callers.join();
  co_await works.join();
}

TEST(CarriedOut, gives_its_result) {
  boost::asio::io_context loop;
  int seven = 0;
  run(loop, waited_for(loop, seven));
  EXPECT_EQ(seven, 7);
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

Task<> carry_out_a_fault(boost::asio::io_context& loop, bool cancelled) {
  TaskGroup works(loop.get_executor());
  if (cancelled) {
    works.cancel();
  }
  std::exception_ptr fault;
  try {
    co_await carried_out(works, throwing());
  } catch (...) {
    fault = std::current_exception();
  }
  co_await works.join();
  std::rethrow_exception(fault);
}

TEST(CarriedOut, passes_on_what_the_work_throws) {
  boost::asio::io_context loop;
  EXPECT_THROW(run(loop, carry_out_a_fault(loop, false)), Error);
}

TEST(CarriedOut, is_cancelled_at_once_when_its_group_is) {
  boost::asio::io_context loop;
  EXPECT_THROW(run(loop, carry_out_a_fault(loop, true)), boost::system::system_error);
}

TEST(TimeLimit, ends_work_that_does_not_end) {
  boost::asio::io_context loop;
  std::string message;
  run(loop, limit_scenario(loop, message));
  EXPECT_EQ(message, "too slow");
}

Task<> failing_scenario(std::string& message) {
  try {
    co_await finishes_within(throwing(), std::chrono::hours{1});
  } catch (const Error& error) {
    message = error.what();
  }
}

TEST(TimeLimit, passes_on_at_once_what_the_work_throws) {
  boost::asio::io_context loop;
  std::string message;
  run(loop, failing_scenario(message));
  EXPECT_EQ(message, "no");
}

Task<> note_cancellation(Task<> task, bool& cancelled) {
  try {
    co_await std::move(task);
  } catch (...) {
    cancelled = is_cancellation(std::current_exception());
    throw;
  }
}

Task<> trigger_within(Trigger& trigger) { co_await finishes_within(trigger.wait(), std::chrono::hours{1}); }

Task<> cancelled_scenario(Trigger& trigger, bool& cancelled) {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  group.spawn(note_cancellation(trigger_within(trigger), cancelled));
  co_await pause_for(Milliseconds{0});
  co_await group.stop(std::chrono::hours{1});
}

TEST(TimeLimit, is_cancelled_like_any_task) {
  boost::asio::io_context loop;
  Trigger trigger(loop.get_executor());
  bool cancelled = false;
  run(loop, cancelled_scenario(trigger, cancelled));
  EXPECT_TRUE(cancelled);
}

Task<> race_scenario(std::string& message, std::size_t& first, bool& loser_cancelled) {
  Trigger never_fired(co_await boost::asio::this_coro::executor);
  first = co_await race(note_cancellation(never_fired.wait(), loser_cancelled), pause_for(Milliseconds{0}));
  try {
    co_await race(never_fired.wait(), throwing());
  } catch (const Error& error) {
    message = error.what();
  }
}

TEST(Race, ends_with_the_first_task_and_its_exception_and_cancels_the_other) {
  boost::asio::io_context loop;
  std::string message;
  std::size_t first = 0;
  bool loser_cancelled = false;
  run(loop, race_scenario(message, first, loser_cancelled));
  EXPECT_EQ(first, 1);
  EXPECT_TRUE(loser_cancelled);
  EXPECT_EQ(message, "no");
}

Task<ErrorKind> kind_of_both(Task<> left, Task<> right) {
  try {
    co_await both(std::move(left), std::move(right));
  } catch (const Error& error) {
    co_return error.kind();
  }
  co_return ErrorKind::internal;
}

Task<> quick(bool& ended) {
  ended = true;
  co_return;
}

Task<> both_scenario(bool& ended, ErrorKind& late, ErrorKind& two) {
  Trigger never_fired(co_await boost::asio::this_coro::executor);
  late = co_await kind_of_both(quick(ended), throwing());
  two = co_await kind_of_both(throwing(), never_fired.wait());
}

TEST(Both, end_and_the_first_fault_keeps_its_kind) {
  boost::asio::io_context loop;
  bool ended = false;
  ErrorKind late = ErrorKind::internal;
  ErrorKind two = ErrorKind::internal;
  run(loop, both_scenario(ended, late, two));
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
