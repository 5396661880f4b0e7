// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/descriptor.h"
#include "warden/files.h"

namespace berth::warden {

// The OCI runtime program (runc, crun, runsc, …) and its folder of state. Every call runs it and waits, with a limit.
class OciRuntime {
 public:
  OciRuntime(std::string program, path state) : program_(std::move(program)), state_(std::move(state)) {}

  // All but create() works in that mount namespace from now on; create() works in the caller's.
  void work_in(const Descriptor& mounts) { mounts_ = &mounts; }
  // "runc 1.1.5". Throws Error{unavailable} that says what to install when it cannot be run.
  std::string version() const;
  // Makes the container of `bundle`/config.json, ready to start, and returns its first process, which has `descriptors`
  // from 3 on.
  pid_t create(const std::string& id, const path& bundle, const std::vector<int>& descriptors) const;
  void start(const std::string& id, const path& bundle) const;
  void pause(const std::string& id, const path& bundle) const;
  void resume(const std::string& id, const path& bundle) const;
  // Removes what is left of a container whose processes have ended.
  void remove(const std::string& id, const path& bundle) const;
  // Ends its processes too. It takes about 100 ms; unknown ids are no fault.
  void remove_forcibly(const std::string& id, const path& bundle) const;

 private:
  void call(const std::string& id, const path& bundle, std::vector<std::string> words) const;
  void call_here(const std::string& id, const path& bundle, std::vector<std::string> words,
                 const std::vector<int>& descriptors = {}) const;

  std::string program_;
  path state_;
  const Descriptor* mounts_ = nullptr;
};

}  // namespace berth::warden
