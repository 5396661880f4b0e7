// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "async/task_group.h"
#include "async/trigger.h"

namespace berth::async {

namespace detail {

template <class T>
struct Outcome {
  explicit Outcome(const Executor& executor) : ended(executor) {}
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> result;
  std::exception_ptr fault;
  Trigger ended;
};

template <class T>
Task<> keep_outcome(Task<T> work, std::shared_ptr<Outcome<T>> outcome) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      outcome->result = true;
    } else {
      outcome->result.emplace(co_await std::move(work));
    }
  } catch (...) {
    outcome->fault = std::current_exception();
  }
  outcome->ended.fire();
}

}  // namespace detail

// Runs `work` as a task of `group`, to its end whatever becomes of the caller, and waits for it; what it throws passes
// through. A caller that is cancelled stops waiting, no more: `work` must own, or outlive, what it refers to.
template <class T>
Task<T> carried_out(TaskGroup& group, Task<T> work) {
  if (group.cancelled()) {
    throw boost::system::system_error(boost::asio::error::operation_aborted);
  }
  const auto outcome = std::make_shared<detail::Outcome<T>>(group.executor());
  group.spawn(detail::keep_outcome(std::move(work), outcome));
  while (!outcome->result && !outcome->fault) {
    co_await outcome->ended.wait();
  }
  if (outcome->fault) {
    std::rethrow_exception(outcome->fault);
  }
  if constexpr (!std::is_void_v<T>) {
    co_return std::move(*outcome->result);
  }
}

}  // namespace berth::async
