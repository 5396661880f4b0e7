// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/task.h"
#include "doors/ssh/settings.h"

namespace berth::doors::ssh {

// The SSH door. Translates and never decides; the protocol runs on a thread of its own (protocol.h), everything else
// here. Cancelling serve() drops all connections; terminals go on without them.
class SshDoor {
 public:
  // Makes or reads the host key. Throws Error{unavailable}.
  SshDoor(async::Executor executor, Services services, Settings settings);
  ~SshDoor();

  // Binds the port. Throws Error{unavailable} with a sentence for the operator.
  void listen();
  // After listen().
  std::uint16_t port() const;
  const std::string& fingerprint() const;
  async::Task<> serve();

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace berth::doors::ssh
