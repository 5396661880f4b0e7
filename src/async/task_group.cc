// SPDX-License-Identifier: Apache-2.0
#include "async/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <exception>
#include <utility>

#include "async/cancelled.h"
#include "async/time_limit.h"

namespace berth::async {

TaskGroup::TaskGroup(Executor executor, FaultHandler on_fault)
    : executor_(std::move(executor)), on_fault_(std::move(on_fault)), ended_(executor_) {}

TaskGroup::~TaskGroup() {
  if (!signals_.empty()) {
    std::abort();  // a task would outlive what it refers to
  }
}

void TaskGroup::spawn(Task<> task) {
  if (cancelled_) {
    return;
  }
  const auto place = signals_.insert(signals_.end(), std::make_unique<boost::asio::cancellation_signal>());
  boost::asio::co_spawn(executor_, std::move(task),
                        boost::asio::bind_cancellation_slot((*place)->slot(), [this, place](std::exception_ptr fault) {
                          if (fault && on_fault_ && !is_cancellation(fault)) {
                            on_fault_(describe_fault(fault));
                          }
                          signals_.erase(place);
                          ended_.fire();
                        }));
}

void TaskGroup::cancel() {
  cancelled_ = true;
  // A cancelled task may end at once and erase its place, or spawn no more: walk over a copy of the pointers.
  std::vector<boost::asio::cancellation_signal*> pending;
  pending.reserve(signals_.size());
  for (const auto& signal : signals_) {
    pending.push_back(signal.get());
  }
  for (auto* signal : pending) {
    boost::asio::post(executor_, [this, signal] {
      for (const auto& alive : signals_) {
        if (alive.get() == signal) {
          alive->emit(boost::asio::cancellation_type::terminal);
          return;
        }
      }
    });
  }
}

Task<> TaskGroup::join() {
  while (!signals_.empty()) {
    co_await ended_.wait();
  }
}

Task<bool> TaskGroup::stop(Milliseconds limit) {
  cancel();
  const bool joined = co_await finishes_within(join(), limit);
  co_return joined;
}

}  // namespace berth::async
