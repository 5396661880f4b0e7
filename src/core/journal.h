// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "async/task.h"
#include "async/trigger.h"
#include "core/store.h"

namespace berth::core {

// The store, with word of new events: use cases write through it, and followers of events wait on it. Lives as long as
// the server. Not cancellable, as the store's transactions are not.
class Journal {
 public:
  Journal(Store& store, const async::Executor& executor) : store_(store), appended_(executor) {}

  // Store::transact with a result. Wakes the followers when it appended events.
  template <class Work>
  async::Task<std::invoke_result_t<Work, Transaction&>> transact(Work work) {
    using Result = std::invoke_result_t<Work, Transaction&>;
    if constexpr (std::is_void_v<Result>) {
      if (co_await store_.transact(std::move(work))) {
        appended_.fire();
      }
    } else {
      std::optional<Result> result;
      if (co_await store_.transact([&](Transaction& transaction) { result = work(transaction); })) {
        appended_.fire();
      }
      co_return std::move(*result);
    }
  }

  // For followers: fires after a commit that appended events. Take its count before reading, wait beyond it after.
  async::Trigger& appended() { return appended_; }

 private:
  Store& store_;
  async::Trigger appended_;
};

}  // namespace berth::core
