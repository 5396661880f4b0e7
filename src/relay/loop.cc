// SPDX-License-Identifier: Apache-2.0
#include "relay/loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>

#include "base/error.h"

namespace berth::relay {
namespace {

constexpr int most_events = 256;

}  // namespace

Loop::Loop(std::size_t most_pipes)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), supplies_(most_pipes) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (!epoll_ || !bell_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &event) != 0) {
    throw Error(ErrorKind::exhausted, "the relay could not start; raise the limit of open files");
  }
  thread_ = std::jthread([this] { run(); });
}

std::uint64_t Loop::add(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  connection->number = ++last_number_;
  active_.fetch_add(1, std::memory_order_relaxed);
  if (orders_.empty()) {
    ring();
  }
  orders_.add.push_back(std::move(connection));
  return last_number_;
}

void Loop::cancel(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (orders_.empty()) {
    ring();
  }
  orders_.cancel.push_back(number);
}

void Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    orders_.stop = true;
    ring();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Loop::ring() const { ::eventfd_write(bell_.get(), 1); }

void Loop::run() {
  ::pthread_setname_np(::pthread_self(), "berth-relay");
  sigset_t all;
  sigfillset(&all);  // they are the event thread's, and a splice to a closed socket may send SIGPIPE
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!stopping_) {
    wait();
    end_idle_connections();
    take_turns();
  }
  while (!connections_.empty()) {
    finish(*connections_.begin()->second, End::cancelled);
  }
}

// In milliseconds, as epoll_wait has it: -1 is for ever.
int Loop::time_to_wait() const {
  if (!queue_.empty()) {
    return 0;
  }
  if (idle_limits_.empty()) {
    return -1;
  }
  const auto left = std::chrono::ceil<Milliseconds>(idle_limits_.begin()->first - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

// Events only leave notes. Nothing is closed before all of them are read, so none speaks of a side that is gone.
void Loop::wait() {
  std::array<epoll_event, most_events> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), most_events, time_to_wait());
  supplies_.now = std::chrono::steady_clock::now();
  bool orders = false;
  for (int index = 0; index < count; ++index) {
    auto* side = static_cast<Side*>(events[index].data.ptr);
    if (side == nullptr) {
      orders = true;
    } else {
      side->note(events[index].events);
      queue(side->connection);
    }
  }
  if (orders) {
    take_orders();
  }
}

void Loop::take_orders() {
  eventfd_t rings = 0;
  ::eventfd_read(bell_.get(), &rings);
  Orders orders;
  {
    const std::lock_guard lock(mutex_);
    std::swap(orders, orders_);
    orders_.stop = orders.stop;
  }
  stopping_ = orders.stop;
  for (auto& connection : orders.add) {
    admit(std::move(connection));
  }
  for (const std::uint64_t number : orders.cancel) {
    if (const auto found = connections_.find(number); found != connections_.end()) {
      finish(*found->second, End::cancelled);
    }
  }
}

void Loop::admit(std::unique_ptr<Connection> added) {
  Connection& connection = *added;
  connections_.emplace(connection.number, std::move(added));
  connection.looked_at = Moment::max();
  if (!connection.prepare(epoll_.get(), supplies_.now)) {
    finish(connection, End::reset);
    return;
  }
  if (connection.idle_at() != Moment::max()) {
    connection.looked_at = connection.idle_at();
    idle_limits_.emplace(connection.looked_at, &connection);
  }
  queue(connection);
}

// A connection that moved bytes is only moved back in the order when its time comes: moving a byte costs nothing here.
void Loop::end_idle_connections() {
  while (!idle_limits_.empty() && idle_limits_.begin()->first <= supplies_.now) {
    auto entry = idle_limits_.extract(idle_limits_.begin());
    Connection& connection = *entry.value().second;
    connection.looked_at = connection.idle_at();
    entry.value().first = connection.looked_at;
    const bool over = connection.looked_at <= supplies_.now;
    idle_limits_.insert(std::move(entry));
    if (over) {
      finish(connection, End::idle);
    }
  }
}

void Loop::take_turns() {
  round_.clear();
  std::swap(round_, queue_);
  for (Connection* connection : round_) {
    if (connection == nullptr) {
      continue;  // ended since
    }
    connection->queued = false;
    if (const auto end = connection->turn(supplies_)) {
      finish(*connection, *end);
    } else if (connection->has_more()) {
      queue(*connection);
    }
  }
}

void Loop::queue(Connection& connection) {
  if (!connection.queued) {
    connection.queued = true;
    queue_.push_back(&connection);
  }
}

void Loop::finish(Connection& connection, End end) {
  if (connection.queued) {
    std::ranges::replace(queue_, &connection, nullptr);
  }
  idle_limits_.erase({connection.looked_at, &connection});
  const Report report = connection.finish(end, epoll_.get(), supplies_);
  const auto node = connections_.extract(connection.number);
  active_.fetch_sub(1, std::memory_order_relaxed);
  connection.announce(report);
}

}  // namespace berth::relay
