// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace berth::relay {

// What moves on a connection, or on several that share it, while they last. Relay threads write, anybody may read.
class Activity {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  std::uint64_t bytes_from_client() const { return from_client_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_from_inside() const { return from_inside_.load(std::memory_order_relaxed); }
  // When the last byte was delivered; before the first one, when this was made.
  Moment last_moved() const { return last_moved_.load(std::memory_order_relaxed); }

  // For the relay: so many more bytes were delivered.
  void note(std::uint64_t from_client, std::uint64_t from_inside, Moment now) {
    from_client_.fetch_add(from_client, std::memory_order_relaxed);
    from_inside_.fetch_add(from_inside, std::memory_order_relaxed);
    last_moved_.store(now, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> from_client_ = 0;
  std::atomic<std::uint64_t> from_inside_ = 0;
  std::atomic<Moment> last_moved_ = std::chrono::steady_clock::now();
};

}  // namespace berth::relay
