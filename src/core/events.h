// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/access.h"
#include "core/journal.h"

namespace berth::core {

// The use cases of events: the caller's own and everybody's. Lives as long as the server.
class Events {
 public:
  explicit Events(Journal& journal) : journal_(journal) {}

  // A page. With an instance, only of that one, which must be visible to the caller.
  async::Task<std::vector<Event>> list(Caller caller, EventFilter filter);
  // The sequence number of the last event of all: where a follower that wants only news begins.
  async::Task<std::uint64_t> last(Caller caller);
  // Fires when there may be more to list.
  async::Trigger& appended() { return journal_.appended(); }

 private:
  Journal& journal_;
};

}  // namespace berth::core
