// SPDX-License-Identifier: Apache-2.0
#include "core/recorded_session.h"

#include <algorithm>
#include <utility>

#include "async/race.h"
#include "base/error.h"

namespace berth::core {
namespace {

constexpr Milliseconds write_every{500};
constexpr std::size_t write_at_once = 256U << 10;
constexpr std::size_t most_pending = 1U << 20;
constexpr std::size_t cost_of_a_moment = 32;  // beside its bytes

}  // namespace

RecordedSession::RecordedSession(RecordingArchive& archive, const Clock& clock, const async::Executor& executor,
                                 RecordingId id, TimePoint began_at, RecordingState state, Bytes largest)
    : archive_(archive),
      clock_(clock),
      id_(std::move(id)),
      began_at_(began_at),
      state_(state),
      largest_(largest),
      changed_(executor),
      urgent_(executor) {}

async::Task<RecordedSession::End> RecordedSession::follow(SessionView& view) {
  collecting_ = true;
  try {
    co_await async::both(collect(view), write());
  } catch (const Error&) {  // the archive's: the session goes on without
    end_ = End::cut;
  }
  co_return end_;
}

async::Task<> RecordedSession::collect(SessionView& view) {
  try {
    end_ = co_await take_items(view);
  } catch (const Error& error) {
    end_ = error.kind() == ErrorKind::not_found ? End::exited : End::lost;
  }
  collecting_ = false;
  changed_.fire();
  urgent_.fire();
}

async::Task<RecordedSession::End> RecordedSession::take_items(SessionView& view) {
  while (state_.kept < largest_) {
    SessionItem item = co_await view.next();
    if (auto* output = std::get_if<SessionOutput>(&item)) {
      const std::uint64_t end = output->offset + output->bytes.size();
      take(std::move(*output));
      view.acknowledge(end);
    } else if (const auto* size = std::get_if<wire::WindowSize>(&item)) {
      add(*size, 0);
    } else if (std::holds_alternative<wire::SessionExit>(item)) {
      co_return End::exited;
    }
    while (pending_bytes_ > most_pending) {
      co_await changed_.wait();
    }
  }
  co_return End::cut;
}

void RecordedSession::take(SessionOutput output) {
  if (output.offset > state_.offset) {
    add(RecordedGap{state_.offset, output.offset - state_.offset}, 0);
  }
  const std::size_t length = output.bytes.size();
  state_.offset = output.offset + length;
  add(RecordedOutput{output.offset, std::move(output.bytes)}, length);
}

void RecordedSession::add(std::variant<RecordedOutput, RecordedGap, wire::WindowSize> what, std::size_t bytes) {
  state_.at = std::max(state_.at, clock_.now() - began_at_);
  state_.kept.count += bytes + cost_of_a_moment;
  pending_bytes_ += bytes + cost_of_a_moment;
  pending_.push_back({state_.at, std::move(what)});
  if (pending_.size() == 1) {
    changed_.fire();
  }
  if (pending_bytes_ > write_at_once) {
    urgent_.fire();
  }
}

async::Task<> RecordedSession::write() {
  while (collecting_ || !pending_.empty()) {
    if (pending_.empty()) {
      co_await changed_.wait();
      continue;
    }
    const unsigned long seen = urgent_.count();
    co_await flush();
    if (collecting_ && urgent_.count() == seen) {
      co_await urgent_.wait_for(write_every);
    }
  }
}

async::Task<> RecordedSession::flush() {
  if (pending_.empty()) {
    co_return;
  }
  auto moments = std::exchange(pending_, {});
  pending_bytes_ = 0;
  co_await archive_.append(id_, std::move(moments));
  changed_.fire();
}

}  // namespace berth::core
