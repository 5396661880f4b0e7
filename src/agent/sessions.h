// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "agent/channel.h"
#include "agent/link.h"
#include "agent/program.h"
#include "agent/session.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

// All sessions of the instance, by the number the host gave them. Lives as long as the agent.
class Sessions {
 public:
  // Both are used until the end.
  Sessions(const Image& image, Poller& poller) : image_(image), poller_(poller) {}

  // Does what a frame of the host asks of a session; answers go to `link`. Throws Error if it breaks the protocol.
  // Input and the like for a session that does not exist is no fault: the host cannot know yet that it was refused.
  void handle(const wire::Frame& frame, Link& link, Moment now);
  // From now on none is opened.
  void stop_opening() { stopping_ = true; }
  // The link is gone: nobody gets output until the next attach.
  void detach();

  // A child of the agent ended; it may be one of ours.
  void child_ended(pid_t process, const wire::SessionExit& exit, Moment now);
  // Moves bytes between programs and buffers, kills what outlived its close; true: there is more to do at once.
  bool pump(Moment now);
  // Sends what the link takes, each session in turn. Throws Error when the link is gone.
  void send(Link& link);
  std::optional<Moment> deadline(Moment now) const;

  // For the hello: bounded, so that it fits into a frame.
  std::vector<wire::SessionState> states() const;
  // To the process groups of all that run.
  void signal_all(int number) const;
  // SIGHUP to the groups of terminals: their shells do not listen to SIGTERM. Services often do, and would die of
  // SIGHUP.
  void hang_up_terminals() const;

 private:
  void open(const wire::Frame& frame, Link& link);
  void attach(const wire::Frame& frame, Link& link);
  void close(const wire::Frame& frame, Moment now);
  void handle_known(const wire::Frame& frame, Session& session);

  const Image& image_;
  Poller& poller_;
  std::map<std::uint32_t, Session> sessions_;
  std::map<pid_t, Moment> closed_;  // still running; killed for good at that moment
  std::uint32_t next_to_send_ = 0;
  bool stopping_ = false;
};

}  // namespace berth::agent
