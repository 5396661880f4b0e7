// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/task.h"
#include "async/trigger.h"
#include "core/runtime.h"
#include "core/session_view.h"

namespace berth::core {

struct SessionSummary {
  std::uint32_t session = 0;
  wire::SessionKind kind = wire::SessionKind::command;
  std::vector<std::string> command;
  std::optional<wire::SessionExit> exit;
  std::size_t viewers = 0;  // without recorders
};

// berthd's end of one connection to one agent: shares it among sessions and their viewers. Everything it hears is
// hostile and bounded. Lives on the event thread; run() serves it until it fails or is cancelled, which fails every
// view.
class AgentLink : public std::enable_shared_from_this<AgentLink> {
 public:
  AgentLink(std::unique_ptr<AgentChannel> channel, async::Executor executor);

  // Exchanges hellos. Throws Error{timed_out} or Error{instance_fault}.
  async::Task<> greet(Milliseconds limit);
  // Moves frames until the connection fails; then failure() is set and every waiter is woken. Does not throw.
  async::Task<> run();
  const std::optional<Error>& failure() const { return failure_; }
  // Ends run(): the instance is no longer there.
  void end();

  // Starts a session without a viewer. Throws what the agent refused it with, or Error{timed_out}.
  async::Task<std::uint32_t> open(wire::OpenSession request);
  // The same with a viewer from the first byte.
  async::Task<std::unique_ptr<SessionView>> open_view(wire::OpenSession request);
  // A viewer from `offset` on. Throws Error{not_found}.
  std::unique_ptr<SessionView> attach(std::uint32_t session, std::uint64_t offset);
  // Ends and forgets it. Unknown: success.
  void close(std::uint32_t session);
  std::vector<SessionSummary> sessions() const;
  const std::optional<wire::ServiceState>& service() const { return service_; }
  async::Task<std::vector<wire::ListeningPort>> listening_ports();

 private:
  friend class SessionView;

  struct Session {
    wire::SessionKind kind = wire::SessionKind::command;
    std::vector<std::string> command;
    std::optional<wire::SessionExit> exit;
    std::optional<Error> refusal;
    bool opened = false;
    std::uint64_t input_sent = 0;
    std::uint64_t input_taken = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t attaches = 0;            // asked for on this link
    std::optional<std::uint64_t> sent_to;  // the end of the last output frame; none yet on this link
    std::set<SessionView*> views;
  };

  async::Task<> read_frames();
  async::Task<> write_frames();
  void take(wire::Frame frame);
  static std::uint64_t answered_attach(const Session& session, std::uint64_t offset);
  void take_output(wire::Frame& frame, Session& session);
  void deliver_exit(Session& session, SessionView& view);
  void send(wire::FrameType type, std::uint32_t session, std::uint64_t offset, std::string payload);
  void send_acknowledgement(std::uint32_t number, Session& session);
  void detach(SessionView& view);
  static void tell_viewers(Session& session, const SessionView* but);
  static void tell_recorders(Session& session, wire::WindowSize size);
  void waste(std::size_t bytes);
  void fail(const Error& error);
  void throw_if_failed() const;
  Session& known(std::uint32_t session);
  void make_room();
  std::uint32_t begin(const wire::OpenSession& request);
  async::Task<> opened(std::uint32_t number);

  std::unique_ptr<AgentChannel> channel_;
  async::Executor executor_;
  async::Trigger changed_;   // any answer arrived, or the link failed
  async::Trigger writable_;  // outbox_ has something
  std::deque<std::string> outbox_;
  std::map<std::uint32_t, Session> sessions_;
  std::optional<wire::ServiceState> service_;
  std::map<std::uint32_t, std::optional<std::vector<wire::ListeningPort>>> port_requests_;
  std::uint32_t next_request_ = 1;
  // Bytes the agent may still send that serve nobody: late output of closed sessions, repeats after an attach,
  // word of its service.
  std::size_t waste_allowed_ = 4096;
  std::optional<Error> failure_;
};

}  // namespace berth::core
