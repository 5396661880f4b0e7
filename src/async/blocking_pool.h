// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include "async/task.h"

namespace berth::async {

// Threads for calls that block (files, child processes, libraries). `work` must own what it touches: it runs to its end
// even when the task that awaits it is cancelled. The destructor waits for work that has begun.
class BlockingPool {
 public:
  explicit BlockingPool(std::size_t threads) : pool_(threads) {}
  ~BlockingPool() { pool_.join(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // The result of `work`, computed on a pool thread; the awaiting task resumes on the event thread.
  template <class T>
  Task<T> run(std::function<T()> work) {
    // No cancellation reaches the pool: Asio would set it from one thread while the work ends on another, and
    // terminate.
    co_return co_await boost::asio::co_spawn(
        pool_, call<T>(std::move(work)),
        boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable));
  }

 private:
  template <class T>
  static Task<T> call(std::function<T()> work) {
    co_return work();
  }

  boost::asio::thread_pool pool_;
};

}  // namespace berth::async
