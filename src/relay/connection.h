// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "relay/flow.h"
#include "relay/relay.h"
#include "relay/side.h"
#include "relay/supplies.h"

namespace berth::relay {

// Two sides and the flows between them. It is made on the event thread and then lives on the thread of its loop, which
// calls turn() whenever something may have changed, and finish() when that gave an end, or for reasons of its own.
class Connection {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  using Ended = std::function<void(Report)>;

  Connection(Ends ends, Limits limits, std::shared_ptr<Activity> activity, Ended ended);

  // Registers both sides with `epoll`. False when the kernel refuses.
  bool prepare(int epoll, Moment now);
  // Moves what can be moved, up to a bound. The end of the connection, if that was it.
  std::optional<End> turn(Supplies& supplies);
  // Whether another turn is due although no event will say so.
  bool has_more() const { return has_more_; }
  // When the idle limit is over if nothing moves until then; without a limit, never.
  Moment idle_at() const;
  // Closes both sides in the way that belongs to `end`. The report is the caller's to announce, and then to destroy
  // this.
  Report finish(End end, int epoll, Supplies& supplies);
  void announce(Report report) { ended_(report); }

  // The loop's notes.
  std::uint64_t number = 0;
  bool queued = false;    // for a turn
  Moment looked_at = {};  // where it stands in the order of idle limits

 private:
  std::optional<End> end_after_failure(Flow::Turn last_bytes) const;
  void note_progress(std::uint64_t from_client_before, std::uint64_t from_inside_before, Moment now);

  Side client_;
  Side inside_;
  Flow from_client_;
  Flow from_inside_;
  Milliseconds idle_limit_;
  Moment last_moved_{};
  bool has_more_ = false;
  std::shared_ptr<Activity> activity_;  // shared with the door, which reads it
  Ended ended_;
};

}  // namespace berth::relay
