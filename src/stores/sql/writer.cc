// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/writer.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

#include "stores/sql/faults.h"
#include "stores/sql/migrations.h"
#include "stores/sql/transaction.h"

namespace berth::stores::sql {
namespace {

constexpr std::size_t most_in_group = 128;  // bounds how long the first of them waits
constexpr Milliseconds first_back_off{100};
constexpr Milliseconds longest_back_off{5'000};

}  // namespace

Writer::Writer(const Location& location, const async::Executor& executor) : location_(location), executor_(executor) {
  connect();
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Writer::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Writer::run() {
  for (;;) {
    std::vector<Job> group = take_group();
    if (group.empty()) {
      return;
    }
    run_group(group);
    boost::asio::post(executor_, [group = std::move(group)]() mutable {
      for (Job& job : group) {
        job.work = nullptr;  // what it holds belongs to this thread
        job.resume(std::move(job.fault), job.appended);
      }
    });
  }
}

// Empty at the end.
std::vector<Job> Writer::take_group() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
  if (queue_.size() <= most_in_group) {
    return std::exchange(queue_, {});
  }
  const auto end = queue_.begin() + most_in_group;
  std::vector<Job> group(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return group;
}

// After it every job has its outcome: it is committed durably, or it has a fault and nothing of it is left.
void Writer::run_group(std::vector<Job>& group) {
  try {
    require_connection();
    connection_->begin();
    run_jobs(group);
  } catch (...) {
    const std::exception_ptr fault = std::current_exception();
    for (Job& job : group) {
      job.fault = job.fault ? job.fault : fault;
    }
  }
  for (Job& job : group) {
    job.appended = job.appended && !job.fault;
  }
  if (connection_) {
    connection_->roll_back();
    if (!connection_->usable()) {
      connection_.reset();
    }
  }
}

// Throws when the transaction as a whole has failed.
void Writer::run_jobs(std::vector<Job>& group) {
  const bool alone = group.size() == 1;
  bool changed = false;
  for (Job& job : group) {
    run_job(job, alone);
    changed = changed || !job.fault;
  }
  if (changed) {
    connection_->commit();
  }
}

void Writer::run_job(Job& job, bool alone) {
  if (!alone) {
    connection_->begin_part();
  }
  try {
    SqlTransaction transaction(*connection_);
    job.work(transaction);
    job.appended = transaction.finish();
  } catch (...) {
    job.fault = std::current_exception();
  }
  if (alone) {
    return;
  }
  if (job.fault) {
    connection_->undo_part();
  } else {
    connection_->end_part();
  }
}

void Writer::connect() {
  auto connection = std::make_unique<Connection>(location_);
  migrate(*connection);
  connection_ = std::move(connection);
}

void Writer::require_connection() {
  if (connection_) {
    return;
  }
  if (Steady::now() >= next_attempt_) {
    try {
      connect();
      back_off_ = {};
      return;
    } catch (const Error&) {  // its text is for the operator, not for whoever asks
      back_off_ = std::clamp(back_off_ * 2, first_back_off, longest_back_off);
      next_attempt_ = Steady::now() + back_off_;
    }
  }
  throw Error(ErrorKind::unavailable, "the database cannot be reached: see that it runs, then try again");
}

}  // namespace berth::stores::sql
