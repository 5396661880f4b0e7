// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/program.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

struct ServiceOptions {
  std::vector<std::string> command;  // empty: the image has none
  std::string directory;
  std::string user;  // empty: the image's
};

// The image's own service: started once with the agent, watched, and not restarted. It reads /dev/null and writes to
// the agent's own standard output and error.
class Service {
 public:
  void start(const ServiceOptions& options, const Image& image);
  // Returns whether it was the service.
  bool child_ended(pid_t process, const wire::SessionExit& exit);
  const std::optional<wire::ServiceState>& state() const { return state_; }
  void signal(int number) const;

 private:
  pid_t process_ = 0;
  std::optional<wire::ServiceState> state_;
};

}  // namespace berth::agent
