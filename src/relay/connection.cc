// SPDX-License-Identifier: Apache-2.0
#include "relay/connection.h"

#include <algorithm>
#include <utility>

namespace berth::relay {
namespace {

constexpr Milliseconds longest_idle_limit = std::chrono::hours{24 * 3660};  // what a moment can be added to

}  // namespace

Connection::Connection(Ends ends, Limits limits, std::shared_ptr<Activity> activity, Ended ended)
    : client_(*this, std::move(ends.client), true),
      inside_(*this, std::move(ends.inside), false),
      from_client_(client_, inside_, std::move(ends.from_client)),
      from_inside_(inside_, client_, {}),
      idle_limit_(std::min(limits.idle, longest_idle_limit)),
      activity_(std::move(activity)),
      ended_(std::move(ended)) {}

bool Connection::prepare(int epoll, Moment now) {
  last_moved_ = now;
  return client_.prepare(epoll) && inside_.prepare(epoll);
}

std::optional<End> Connection::turn(Supplies& supplies) {
  const std::uint64_t client_before = from_client_.moved();
  const std::uint64_t inside_before = from_inside_.moved();
  // First the last words of a side that has failed: the attempt to write to it would end the connection.
  Flow::Turn from_client = inside_.failed ? Flow::Turn::waits : from_client_.turn(supplies);
  const Flow::Turn from_inside = client_.failed ? Flow::Turn::waits : from_inside_.turn(supplies);
  if (client_.failed && from_client == Flow::Turn::waits) {
    from_client = from_client_.turn(supplies);  // that may only just have been found out
  }
  note_progress(client_before, inside_before, supplies.now);
  has_more_ = from_client == Flow::Turn::has_more || from_inside == Flow::Turn::has_more;
  if (client_.failed || inside_.failed) {
    return end_after_failure(client_.failed ? from_client : from_inside);
  }
  if (from_client == Flow::Turn::ended && from_inside == Flow::Turn::ended) {
    return End::finished;
  }
  return std::nullopt;
}

// What a failed side had sent before is delivered as far as the other side takes it at once; then that is reset too.
std::optional<End> Connection::end_after_failure(Flow::Turn last_bytes) const {
  if ((client_.failed && inside_.failed) || last_bytes != Flow::Turn::has_more) {
    return End::reset;
  }
  return std::nullopt;
}

void Connection::note_progress(std::uint64_t from_client_before, std::uint64_t from_inside_before, Moment now) {
  const std::uint64_t from_client = from_client_.moved() - from_client_before;
  const std::uint64_t from_inside = from_inside_.moved() - from_inside_before;
  if (from_client == 0 && from_inside == 0) {
    return;
  }
  last_moved_ = now;
  if (activity_ != nullptr) {
    activity_->note(from_client, from_inside, now);
  }
}

Connection::Moment Connection::idle_at() const {
  return idle_limit_ <= Milliseconds{0} ? Moment::max() : last_moved_ + idle_limit_;
}

Report Connection::finish(End end, int epoll, Supplies& supplies) {
  from_client_.drop(supplies);
  from_inside_.drop(supplies);
  for (Side* side : {&client_, &inside_}) {
    if (end == End::reset) {
      side->close_with_reset(epoll);
    } else {
      side->close_with_end(epoll);
    }
  }
  return {.end = end, .from_client = from_client_.moved(), .from_inside = from_inside_.moved()};
}

}  // namespace berth::relay
