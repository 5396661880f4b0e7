// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "async/task.h"
#include "base/clock.h"

namespace berth::async {

// Wakes every task that waits at the moment it fires: a condition variable of the event thread. Check the condition in
// a loop around wait(). Must outlive its waiters; a cancelled waiter throws like any cancelled task.
class Trigger {
 public:
  explicit Trigger(const Executor& executor);
  void fire();
  Task<> wait();
  // How often it has fired. For those who look away between looking and waiting: returns at once if it fired since.
  unsigned long count() const { return generation_; }
  Task<> wait_beyond(unsigned long seen);
  // Waits for fire() or until `limit` has passed. Whether it fired.
  Task<bool> wait_for(Milliseconds limit);

 private:
  boost::asio::steady_timer timer_;
  unsigned long generation_ = 0;
};

}  // namespace berth::async
