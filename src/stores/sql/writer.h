// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "async/task.h"
#include "core/store.h"
#include "stores/sql/connection.h"

namespace berth::stores::sql {

// Work on its way through the writer, and then its outcome on the way back.
struct Job {
  std::function<void(core::Transaction&)> work;
  std::move_only_function<void(std::exception_ptr, bool)> resume;  // resumes the caller
  std::exception_ptr fault;
  bool appended = false;
};

// The one thread that uses the connection. It takes all the work that waits (up to a bound) as one group, with one
// commit, and only then resumes the callers. A lost connection is made again for later work. The destructor finishes
// what is queued; executors must outlive it.
class Writer {
 public:
  // Throws when the database cannot be used.
  Writer(const Location& location, const async::Executor& executor);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void submit(Job job);

 private:
  using Steady = std::chrono::steady_clock;

  void run();
  std::vector<Job> take_group();
  void run_group(std::vector<Job>& group);
  void run_jobs(std::vector<Job>& group);
  void run_job(Job& job, bool alone);
  void connect();
  void require_connection();

  const Location location_;
  const async::Executor executor_;
  std::unique_ptr<Connection> connection_;  // none: lost
  Steady::time_point next_attempt_;
  Milliseconds back_off_{};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> queue_;  // under mutex_
  bool closing_ = false;    // under mutex_
  std::thread thread_;
};

}  // namespace berth::stores::sql
