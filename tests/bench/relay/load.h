// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "base/descriptor.h"

namespace berth::bench {

// What a connection is for; its first byte says so.
enum class Use : char {
  bulk = 'b',  // the inside takes all there is to read and throws it away
  echo = 'e',  // the inside sends each byte back
  idle = 'i',  // the inside answers once and is silent
};

// The programs inside: a thread for each connection that does something.
class Inside {
 public:
  explicit Inside(Descriptor listener);
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  std::uint16_t port() const;
  // Bytes of bulk connections that have arrived.
  std::uint64_t arrived() const { return arrived_.load(std::memory_order_relaxed); }
  // Closes its ends of the connections that are idle.
  void end_idle();

 private:
  void accept_all();
  void swallow(const Descriptor& socket);

  Descriptor listener_;
  std::atomic<std::uint64_t> arrived_ = 0;
  std::list<Descriptor> connections_;
  std::mutex mutex_;
  std::list<Descriptor> idle_;  // guarded by mutex_
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// A connection through `port` that is known to stand.
Descriptor open(std::uint16_t port, Use use);

// Sends as much as the other end takes on `connections`, for `time`.
void send_bulk(std::uint16_t port, std::size_t connections, std::chrono::milliseconds time);

// How long one byte takes there and back, so many times.
std::vector<std::chrono::nanoseconds> ping(const Descriptor& echo, std::size_t rounds);

}  // namespace berth::bench
