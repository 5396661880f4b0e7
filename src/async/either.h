// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "async/task.h"

namespace berth::async {

// Asio's operators are not used for these: its || waits on after a fault, its && hides the kind of two faults.

namespace either {

// Runs both until the condition holds for one, then cancels the other and waits for its end. Passes on the fault of
// the one that ended first, else the other's.
template <class Condition>
Task<> run(Task<> one, Task<> other, Condition condition) {
  namespace asio = boost::asio;
  const auto executor = co_await asio::this_coro::executor;
  const auto [order, fault, other_fault] =
      co_await asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(one), asio::deferred),
                                                       asio::co_spawn(executor, std::move(other), asio::deferred))
          .async_wait(condition, asio::use_awaitable);
  const std::exception_ptr first = order[0] == 0 ? fault : other_fault;
  const std::exception_ptr second = order[0] == 0 ? other_fault : fault;
  if (first) {
    std::rethrow_exception(first);
  }
  if (second && condition.waits_for_both) {
    std::rethrow_exception(second);
  }
}

struct OneEnds : boost::asio::experimental::wait_for_one {
  static constexpr bool waits_for_both = false;
};
struct OneFails : boost::asio::experimental::wait_for_one_error {
  static constexpr bool waits_for_both = true;
};

}  // namespace either

// Runs both until one ends, by itself or with a fault, which is passed on; the other is cancelled.
inline Task<> until_either_ends(Task<> one, Task<> other) {
  return either::run(std::move(one), std::move(other), either::OneEnds());
}

// Runs both to their ends. The first fault cancels the other and is passed on.
inline Task<> until_both_end(Task<> one, Task<> other) {
  return either::run(std::move(one), std::move(other), either::OneFails());
}

}  // namespace berth::async
