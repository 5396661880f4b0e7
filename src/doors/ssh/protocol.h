// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "async/task.h"
#include "doors/ssh/host_key.h"
#include "doors/ssh/messages.h"

namespace berth::doors::ssh {

// The thread on which libssh speaks the SSH protocol of all connections; no call of it waits, so a silent client holds
// up nobody. Made on the event thread, where its reports arrive in order. The destructor drops every connection and
// ends the thread; no report comes after it.
class Protocol {
 public:
  using Listener = std::function<void(ConnectionNumber, Report)>;

  Protocol(async::Executor executor, const HostKey& key, Listener listener);
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  // The first order of a connection is Adopt; Disconnected is its last report.
  void give(ConnectionNumber connection, Order order);

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace berth::doors::ssh
