// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/descriptor.h"

namespace berth::warden {

// A process that only holds new namespaces open, until this object ends it. It does nothing but wait, so starting it
// is safe beside other threads.
class PausedProcess {
 public:
  // `namespaces`: CLONE_NEWUSER or CLONE_NEWNS.
  explicit PausedProcess(int namespaces);
  ~PausedProcess();
  PausedProcess(const PausedProcess&) = delete;
  PausedProcess& operator=(const PausedProcess&) = delete;

  std::string proc(const char* file) const { return "/proc/" + std::to_string(pid_) + "/" + file; }
  // Its "user" or "mnt" namespace.
  Descriptor open_namespace(const char* kind) const;

 private:
  pid_t pid_ = -1;
};

}  // namespace berth::warden
