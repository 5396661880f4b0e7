// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstddef>
#include <exception>
#include <utility>

#include "async/task.h"

namespace berth::async {

// How a race ended: which task ended first, 0 or 1, and what each of them threw.
struct Race {
  std::size_t first = 0;
  std::exception_ptr faults[2];
};

// Runs both; the first that ends, well or by an exception, cancels the other. Both have ended when this returns.
// (Asio's own `a || b` waits for a success: it keeps an exception back until the other task ends, and then drops it.)
inline Task<Race> run_race(Task<> left, Task<> right) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto [order, left_fault, right_fault] =
      co_await boost::asio::experimental::make_parallel_group(
          boost::asio::co_spawn(executor, std::move(left), boost::asio::deferred),
          boost::asio::co_spawn(executor, std::move(right), boost::asio::deferred))
          .async_wait(boost::asio::experimental::wait_for_one(), boost::asio::deferred);
  co_return Race{order[0], {left_fault, right_fault}};
}

// The index of the task that ended first; its exception passes through.
inline Task<std::size_t> race(Task<> left, Task<> right) {
  const Race result = co_await run_race(std::move(left), std::move(right));
  if (result.faults[result.first]) {
    std::rethrow_exception(result.faults[result.first]);
  }
  co_return result.first;
}

// Runs both to their ends. The first exception cancels the other and passes through.
// (Asio's own `a && b` wraps two exceptions into one of its own, which hides their kind.)
inline Task<> both(Task<> left, Task<> right) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto [order, left_fault, right_fault] =
      co_await boost::asio::experimental::make_parallel_group(
          boost::asio::co_spawn(executor, std::move(left), boost::asio::deferred),
          boost::asio::co_spawn(executor, std::move(right), boost::asio::deferred))
          .async_wait(boost::asio::experimental::wait_for_one_error(), boost::asio::deferred);
  for (const std::exception_ptr& fault : {order[0] == 0 ? left_fault : right_fault, left_fault, right_fault}) {
    if (fault) {
      std::rethrow_exception(fault);
    }
  }
}

}  // namespace berth::async
