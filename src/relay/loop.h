// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "relay/connection.h"
#include "relay/supplies.h"

namespace berth::relay {

// One thread with its epoll and its connections. Those with something to do have a bounded turn each, round and round.
// The public methods may be called on any thread. stop() ends every connection and the thread; afterwards they do
// nothing.
class Loop {
 public:
  explicit Loop(std::size_t most_pipes);
  ~Loop() { stop(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The connection's number, for cancel().
  std::uint64_t add(std::unique_ptr<Connection> connection);
  void cancel(std::uint64_t number);
  void stop();
  std::size_t active() const { return active_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_spliced() const { return supplies_.bytes_spliced.load(std::memory_order_relaxed); }

 private:
  using Moment = Connection::Moment;

  // What other threads want of this one.
  struct Orders {
    std::vector<std::unique_ptr<Connection>> add;
    std::vector<std::uint64_t> cancel;
    bool stop = false;

    bool empty() const { return add.empty() && cancel.empty() && !stop; }
  };

  void run();
  int time_to_wait() const;
  void wait();
  void take_orders();
  void admit(std::unique_ptr<Connection> connection);
  void end_idle_connections();
  void take_turns();
  void queue(Connection& connection);
  void finish(Connection& connection, End end);
  void ring() const;

  Descriptor epoll_;
  Descriptor bell_;  // an eventfd: there are orders
  std::mutex mutex_;
  Orders orders_;                  // guarded by mutex_
  std::uint64_t last_number_ = 0;  // guarded by mutex_
  std::atomic<std::size_t> active_ = 0;

  // Of the loop's thread:
  Supplies supplies_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::set<std::pair<Moment, Connection*>> idle_limits_;  // when to look at a connection, not sooner than it may end
  std::vector<Connection*> queue_;                        // for the next round of turns
  std::vector<Connection*> round_;                        // the present one
  bool stopping_ = false;

  std::jthread thread_;
};

}  // namespace berth::relay
