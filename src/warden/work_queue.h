// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace berth::warden {

// Threads of a lower priority that do what nobody waits for, in order of posting. Work that throws is logged. The
// destructor lets the work under way end and drops the rest, which a restart finds again.
class WorkQueue {
 public:
  explicit WorkQueue(std::size_t threads);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  void post(std::function<void()> work);
  // Returns once everything posted so far is done.
  void drain();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::size_t under_way_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace berth::warden
