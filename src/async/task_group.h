// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "async/task.h"
#include "async/trigger.h"
#include "base/clock.h"

namespace boost::asio {
class cancellation_signal;
}

namespace berth::async {

// Owns tasks: nothing runs detached. Lives on the event thread and must outlive its tasks: await join() before it goes.
// cancel() cancels every task; new tasks are then refused. An exception that ends a task goes to the fault handler.
class TaskGroup {
 public:
  using FaultHandler = std::function<void(const std::string& what)>;

  explicit TaskGroup(Executor executor, FaultHandler on_fault = {});
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(Task<> task);
  void cancel();
  bool cancelled() const { return cancelled_; }
  std::size_t size() const { return signals_.size(); }
  // Waits until every task has ended.
  Task<> join();
  // Cancels, then waits at most `limit`. Whether all ended.
  Task<bool> stop(Milliseconds limit);
  const Executor& executor() const { return executor_; }

 private:
  Executor executor_;
  FaultHandler on_fault_;
  std::list<std::unique_ptr<boost::asio::cancellation_signal>> signals_;
  Trigger ended_;
  bool cancelled_ = false;
};

}  // namespace berth::async
