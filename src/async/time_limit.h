// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>
#include <variant>

#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"

namespace berth::async {

// Runs `work`, cancelling it after `limit`. Whether it finished; its exceptions pass through.
inline Task<bool> finishes_within(Task<> work, Milliseconds limit) {
  using boost::asio::experimental::awaitable_operators::operator||;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, limit);
  const auto winner = co_await (std::move(work) || timer.async_wait(boost::asio::use_awaitable));
  co_return winner.index() == 0;
}

// The result of `work`, or Error{timed_out, message} after `limit`, with `work` cancelled.
template <class T>
Task<T> with_limit(Task<T> work, Milliseconds limit, std::string message) {
  using boost::asio::experimental::awaitable_operators::operator||;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, limit);
  auto winner = co_await (std::move(work) || timer.async_wait(boost::asio::use_awaitable));
  if (winner.index() != 0) {
    throw Error(ErrorKind::timed_out, message);
  }
  if constexpr (!std::is_void_v<T>) {
    co_return std::move(std::get<0>(winner));
  }
}

// Waits, unless cancelled. For back-off and ticks, never to wait for a state.
inline Task<> pause_for(Milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace berth::async
