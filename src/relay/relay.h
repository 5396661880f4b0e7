// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "relay/activity.h"

namespace berth::relay {

class Loop;

// Two connected stream sockets. `from_client` was read from the client before: it goes to `inside` first.
struct Ends {
  Descriptor client;
  Descriptor inside;
  std::string from_client;
};

// 0: none. No byte delivered in either direction for so long ends the connection.
struct Limits {
  Milliseconds idle{0};
};

enum class End {
  finished,   // both directions were closed, each after its last byte was delivered
  reset,      // one end was reset or broke, and so was the other
  idle,       // the idle limit passed; both ends got EOF
  cancelled,  // the task was cancelled or the Relay destroyed; both ends got EOF
};

// Bytes delivered to the other end; `from_client` includes what was read before.
struct Report {
  End end = End::cancelled;
  std::uint64_t from_client = 0;
  std::uint64_t from_inside = 0;
};

struct Settings {
  std::size_t threads = std::thread::hardware_concurrency();
};

// Moves bytes between connections on threads of its own, which share nothing with the event thread. Every method is
// called on the event thread, and the event loop outlives the Relay. The destructor ends what is still there; its tasks
// get `cancelled` when the event loop runs next.
class Relay {
 public:
  explicit Relay(Settings settings = {});
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Returns when the connection has ended and both descriptors are closed. A half-close is carried on when everything
  // before it was delivered; a reset stays a reset. Cancelling gives both ends EOF (a reset, where bytes are still
  // coming in) and drops what was not delivered; the task then returns a Report too, and its next wait throws.
  // `activity` may be empty. It is shared because the relay's thread writes it while the door reads it.
  async::Task<Report> run(Ends ends, Limits limits, std::shared_ptr<Activity> activity);

  // Connections that have not ended.
  std::size_t active() const;
  // How many of all delivered bytes never left the kernel.
  std::uint64_t bytes_spliced() const;

 private:
  const std::shared_ptr<Loop>& least_busy() const;

  // Shared with the tasks in run(): one that is cancelled after the Relay went still finds its loop, stopped.
  std::vector<std::shared_ptr<Loop>> loops_;
};

}  // namespace berth::relay
