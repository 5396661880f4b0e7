// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "async/task.h"
#include "async/trigger.h"

namespace berth::core {

// How many instances are being started at a time: more would only wait for each other in the kernel. What people wait
// for comes first, the filling of pools takes what is left. Lives on the event thread, as long as the server.
class StartSlots {
 public:
  StartSlots(const async::Executor& executor, std::uint32_t most) : most_(most), changed_(executor) {}

  // One start; given back at its end.
  class Slot {
   public:
    explicit Slot(StartSlots& slots) : slots_(&slots) { ++slots.taken_; }
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_ != nullptr) {
        --slots_->taken_;
        slots_->changed_.fire();
      }
    }

   private:
    StartSlots* slots_;
  };

  async::Task<Slot> take() {
    while (taken_ >= most_) {
      co_await changed_.wait();
    }
    co_return Slot(*this);
  }
  // Nothing while somebody waits, or none is free.
  std::optional<Slot> take_spare() {
    return taken_ >= most_ || waiting_ ? std::nullopt : std::optional<Slot>(std::in_place, *this);
  }
  // Whether instances wait in the queue for a start.
  void set_waiting(bool waiting) {
    waiting_ = waiting;
    changed_.fire();
  }
  std::uint32_t most() const { return most_; }
  async::Trigger& changed() { return changed_; }

 private:
  std::uint32_t most_;
  std::uint32_t taken_ = 0;
  bool waiting_ = false;
  async::Trigger changed_;
};

}  // namespace berth::core
