// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "base/descriptor.h"

namespace berth::agent {

using Moment = std::chrono::steady_clock::time_point;

// A non-blocking descriptor and what is known of it: true until a call on it would have blocked.
struct Channel {
  Descriptor descriptor;
  bool readable = false;
  bool writable = false;

  int get() const { return descriptor.get(); }
  void close() {
    descriptor.reset();
    readable = writable = false;
  }
};

// The one place the agent waits. Watches channels edge-triggered, so that a channel nobody reads from costs nothing,
// hung up or not. A watched channel stays where it is until its descriptor is closed.
class Poller {
 public:
  Poller();  // throws Error{unavailable}
  void watch(Channel& channel);
  // Returns at the first event or at the deadline (none: for ever). Returns true if there was an event.
  bool wait(std::optional<Moment> deadline);

 private:
  Descriptor epoll_;
};

}  // namespace berth::agent
