// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "agent/channel.h"
#include "agent/link.h"
#include "agent/program.h"
#include "agent/service.h"
#include "agent/sessions.h"

namespace berth::agent {

struct AgentOptions {
  Image image;
  ServiceOptions service;
  bool filter = false;  // confine() first
};

// Process 1 of an instance: one thread, one loop. Runs until SIGTERM or SIGINT: then everything gets SIGTERM and
// SIGHUP, what is left after two seconds SIGKILL, and run() returns.
class Agent {
 public:
  // Takes over `listener`, a listening SOCK_SEQPACKET socket. Throws Error{unavailable}.
  Agent(AgentOptions options, Descriptor listener);
  void run();

 private:
  void take_signals(Moment now);
  void reap_children(Moment now);
  void accept_link();
  void serve_link(Moment now);
  void handle(const wire::Frame& frame, Moment now);
  void say_hello();
  void report_service();
  void drop_link();
  void shut_down(Moment now);
  void signal_everything(int number);
  std::optional<Moment> deadline(Moment now) const;

  AgentOptions options_;
  Poller poller_;
  Channel listener_;
  Channel signals_;
  Sessions sessions_;
  Service service_;
  std::unique_ptr<Link> link_;
  bool host_said_hello_ = false;
  bool busy_ = false;  // there is more to do before the next wait
  std::optional<Moment> idle_at_;
  std::optional<Moment> kill_at_;  // set: shutting down
};

}  // namespace berth::agent
