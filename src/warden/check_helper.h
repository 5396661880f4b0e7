// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "warden/check_order.h"
#include "warden/host.h"

namespace berth::warden {

inline constexpr const char* check_group = "_checks";  // no instance's id begins so

// A process that does nothing but start checks. It begins before the warden has threads, so that its children may do
// what they like, and is in a cgroup of its own, which they inherit: entering one for each check would take too long.
// It ends with this object and with the warden.
class CheckHelper {
 public:
  // In a process with one thread, in the warden's mount namespace.
  explicit CheckHelper(const Host& host);
  ~CheckHelper();
  CheckHelper(const CheckHelper&) = delete;
  CheckHelper& operator=(const CheckHelper&) = delete;

  // Any thread. Throws Error{unavailable} when the helper is gone.
  void start(const CheckOrder& order, const std::vector<int>& descriptors) const;

 private:
  Descriptor orders_;
  pid_t pid_ = -1;
};

}  // namespace berth::warden
