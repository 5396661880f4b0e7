// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

#include "async/task.h"

namespace berth::async {

// Runs `work`, and then `last` however it ended, cancelled too; passes on what it threw.
// `last` cannot be cancelled, and nor can what the caller does afterwards.
inline Task<> always(Task<> work, Task<> last) {
  std::exception_ptr ended;
  try {
    co_await std::move(work);
  } catch (...) {
    ended = std::current_exception();
  }
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  co_await std::move(last);
  if (ended) {
    std::rethrow_exception(ended);
  }
}

}  // namespace berth::async
