// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"

namespace berth::async {

namespace time_limit {

// What became of limited work: exactly one of result and fault, or neither when the limit ended it.
template <class T>
struct Outcome {
  std::optional<T> result;
  std::exception_ptr fault;
};

struct Nothing {};

template <class T>
Task<> keep_result(Task<T> work, std::optional<T>& result) {
  result.emplace(co_await std::move(work));
}

inline Task<Nothing> with_result(Task<> work) {
  co_await std::move(work);
  co_return Nothing{};
}

// Not operator||, which waits for one *success*: a fault of the work would only show when the limit has passed.
template <class T>
Task<Outcome<T>> race(Task<T> work, Milliseconds limit) {
  namespace asio = boost::asio;
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, limit);
  Outcome<T> outcome;
  const auto [order, fault, timer_fault] =
      co_await asio::experimental::make_parallel_group(
          asio::co_spawn(executor, keep_result(std::move(work), outcome.result), asio::deferred),
          timer.async_wait(asio::deferred))
          .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  // Work that got done while it was being cancelled is done. A fault counts unless it is that of our cancelling it.
  const bool limit_ended_it = order[0] == 1 && !timer_fault;
  if (!outcome.result && !limit_ended_it) {
    outcome.fault = fault;
  }
  co_return outcome;
}

}  // namespace time_limit

// Runs `work`, cancelling it after `limit`. Whether it finished; its exceptions pass through.
inline Task<bool> finishes_within(Task<> work, Milliseconds limit) {
  const auto outcome = co_await time_limit::race(time_limit::with_result(std::move(work)), limit);
  if (outcome.fault) {
    std::rethrow_exception(outcome.fault);
  }
  co_return outcome.result.has_value();
}

// The result of `work`, or Error{timed_out, message} after `limit`, with `work` cancelled.
template <class T>
Task<T> with_limit(Task<T> work, Milliseconds limit, std::string message) {
  auto outcome = co_await time_limit::race(std::move(work), limit);
  if (outcome.fault) {
    std::rethrow_exception(outcome.fault);
  }
  if (!outcome.result) {
    throw Error(ErrorKind::timed_out, message);
  }
  co_return std::move(*outcome.result);
}

inline Task<> with_limit(Task<> work, Milliseconds limit, std::string message) {
  if (!co_await finishes_within(std::move(work), limit)) {
    throw Error(ErrorKind::timed_out, message);
  }
}

// Waits, unless cancelled. For back-off and ticks, never to wait for a state.
inline Task<> pause_for(Milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace berth::async
