// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/race.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"

namespace berth::async {

// Waits, unless cancelled. For back-off and ticks, never to wait for a state.
inline Task<> pause_for(Milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

// Runs `work`, cancelling it after `limit`. Whether it finished; its exceptions pass through.
inline Task<bool> finishes_within(Task<> work, Milliseconds limit) {
  const Race result = co_await run_race(std::move(work), pause_for(limit));
  if (!result.faults[0]) {
    co_return true;  // perhaps after the limit, but before it was cancelled
  }
  if (result.first == 0 || result.faults[1]) {  // it failed, or was cancelled together with the timer
    std::rethrow_exception(result.faults[0]);
  }
  co_return false;
}

template <class T>
Task<> keep_result(Task<T> work, std::optional<T>& into) {
  into.emplace(co_await std::move(work));
}

// The result of `work`, or Error{timed_out, message} after `limit`, with `work` cancelled.
template <class T>
Task<T> with_limit(Task<T> work, Milliseconds limit, std::string message) {
  if constexpr (std::is_void_v<T>) {
    if (!co_await finishes_within(std::move(work), limit)) {
      throw Error(ErrorKind::timed_out, message);
    }
  } else {
    std::optional<T> result;
    if (!co_await finishes_within(keep_result(std::move(work), result), limit)) {
      throw Error(ErrorKind::timed_out, message);
    }
    co_return std::move(*result);
  }
}

}  // namespace berth::async
