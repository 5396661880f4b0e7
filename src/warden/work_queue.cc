// SPDX-License-Identifier: Apache-2.0
#include "warden/work_queue.h"

#include <sys/resource.h>
#include <unistd.h>

#include <exception>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

// A tenth of what somebody who waits gets: that much, since what holds locks of the kernel shall not starve.
constexpr int nice = 10;

}  // namespace

WorkQueue::WorkQueue(std::size_t threads) {
  for (std::size_t number = 0; number < threads; ++number) {
    threads_.emplace_back([this] { run(); });
  }
}

WorkQueue::~WorkQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void WorkQueue::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  changed_.notify_all();
}

void WorkQueue::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && under_way_ == 0; });
}

void WorkQueue::run() {
  // Of this thread alone, and of the programs it starts.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) {
      return;
    }
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    ++under_way_;
    lock.unlock();
    try {
      work();
    } catch (const std::exception& fault) {
      log_line(fault.what());
    }
    lock.lock();
    --under_way_;
    changed_.notify_all();
  }
}

}  // namespace berth::warden
