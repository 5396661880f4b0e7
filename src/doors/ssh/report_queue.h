// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/post.hpp>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "doors/ssh/protocol.h"

namespace berth::doors::ssh {

// Carries reports to the event thread, many in one go. Shared with the handler that is under way there, so that either
// side may end first.
class ReportQueue : public std::enable_shared_from_this<ReportQueue> {
 public:
  ReportQueue(async::Executor executor, Protocol::Listener listener)
      : executor_(std::move(executor)), listener_(std::move(listener)) {}

  // On any thread.
  void add(ConnectionNumber connection, Report report) {
    const std::scoped_lock lock(mutex_);
    reports_.emplace_back(connection, std::move(report));
    if (!std::exchange(scheduled_, true)) {
      boost::asio::post(executor_, [self = shared_from_this()] { self->deliver(); });
    }
  }
  // On the event thread: nothing is delivered after it.
  void close() { listener_ = nullptr; }

 private:
  void deliver() {
    std::vector<std::pair<ConnectionNumber, Report>> reports;
    {
      const std::scoped_lock lock(mutex_);
      reports.swap(reports_);
      scheduled_ = false;
    }
    for (auto& [connection, report] : reports) {
      if (listener_) {
        listener_(connection, std::move(report));
      }
    }
  }

  async::Executor executor_;
  Protocol::Listener listener_;  // of the event thread
  std::mutex mutex_;
  std::vector<std::pair<ConnectionNumber, Report>> reports_;
  bool scheduled_ = false;
};

}  // namespace berth::doors::ssh
