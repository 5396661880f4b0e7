// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <set>

#include "base/descriptor.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

class ExitEvents;

// One listener's ends of instances, from the moment it was made. A listener that falls too far behind is cut off.
class ExitSubscription {
 public:
  explicit ExitSubscription(ExitEvents& events);
  ~ExitSubscription();
  ExitSubscription(const ExitSubscription&) = delete;
  ExitSubscription& operator=(const ExitSubscription&) = delete;

  // Readable when there is something to take.
  int descriptor() const { return ready_.get(); }
  // Everything new. Throws Error{unavailable} when it fell behind.
  std::deque<wire::InstanceStatus> take();

 private:
  friend class ExitEvents;
  ExitEvents& events_;
  Descriptor ready_;
  std::deque<wire::InstanceStatus> waiting_;  // guarded by events_.mutex_
};

// Tells every listener of each end of an instance. Any thread.
class ExitEvents {
 public:
  void publish(const wire::InstanceStatus& status);

 private:
  friend class ExitSubscription;
  std::mutex mutex_;
  std::set<ExitSubscription*> listeners_;
};

}  // namespace berth::warden
