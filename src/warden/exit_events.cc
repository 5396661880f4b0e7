// SPDX-License-Identifier: Apache-2.0
#include "warden/exit_events.h"

#include <sys/eventfd.h>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::size_t most_waiting = 10'000;

}  // namespace

ExitSubscription::ExitSubscription(ExitEvents& events)
    : events_(events), ready_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "watch instances")) {
  const std::lock_guard lock(events_.mutex_);
  events_.listeners_.insert(this);
}

ExitSubscription::~ExitSubscription() {
  const std::lock_guard lock(events_.mutex_);
  events_.listeners_.erase(this);
}

std::deque<wire::InstanceStatus> ExitSubscription::take() {
  const std::lock_guard lock(events_.mutex_);
  eventfd_t count = 0;
  ::eventfd_read(ready_.get(), &count);
  if (waiting_.size() >= most_waiting) {
    throw Error(ErrorKind::unavailable, "too many instances ended unseen; list them and watch again");
  }
  return std::exchange(waiting_, {});
}

void ExitEvents::publish(const wire::InstanceStatus& status) {
  const std::lock_guard lock(mutex_);
  for (ExitSubscription* listener : listeners_) {
    if (listener->waiting_.size() < most_waiting) {
      listener->waiting_.push_back(status);
    }
    ::eventfd_write(listener->ready_.get(), 1);
  }
}

}  // namespace berth::warden
