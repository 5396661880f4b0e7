// SPDX-License-Identifier: Apache-2.0
#include "async/trigger.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/time_limit.h"

namespace berth::async {

Trigger::Trigger(const Executor& executor) : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

void Trigger::fire() {
  ++generation_;
  timer_.cancel();
}

Task<> Trigger::wait() {
  const unsigned long seen = generation_;
  boost::system::error_code ended;
  co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
  if (generation_ == seen) {
    throw boost::system::system_error(boost::asio::error::operation_aborted);  // cancelled, not fired
  }
}

Task<> Trigger::wait_beyond(unsigned long seen) {
  if (generation_ == seen) {
    co_await wait();
  }
}

Task<bool> Trigger::wait_for(Milliseconds limit) {
  const bool fired = co_await finishes_within(wait(), limit);
  co_return fired;
}

}  // namespace berth::async
