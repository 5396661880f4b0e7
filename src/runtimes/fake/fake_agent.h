// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>

#include "base/error.h"
#include "runtimes/fake/fake_link.h"
#include "runtimes/fake/fake_session.h"

namespace berth::runtimes::fake {

enum class AgentBehaviour {
  honest,
  silent,     // accepts and never says or reads anything
  closes,     // accepts and closes
  garbage,    // sends one packet that is no frame
  oversized,  // sends one packet longer than max_frame
  floods,     // sends packets of random type without end
};

// An agent in this process that speaks the agent protocol. Its sessions survive its links; a new link takes over.
class FakeAgent {
 public:
  FakeAgent(async::Executor executor, ProgramSurroundings surroundings);
  ~FakeAgent();
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  std::unique_ptr<core::AgentChannel> connect();
  // As if the warden or the host had closed it; sessions stay.
  void cut();
  void behave(AgentBehaviour behaviour);
  // A frozen agent (paused instance) neither reads nor sends.
  void freeze(bool frozen);
  void set_service(std::optional<wire::ServiceState> service);
  void add_port(wire::ListeningPort port) { ports_.ports.push_back(std::move(port)); }
  std::size_t sessions() const { return sessions_.size(); }

 private:
  void misbehave();
  void serve();
  void exchange();
  bool take_frames();
  void send_frames();
  void handle(wire::Frame frame);
  void greet();
  void open(wire::Frame frame);
  void refuse(std::uint32_t session, const Error& error);
  FakeSession* find(std::uint32_t session);
  void send(wire::Frame frame);

  async::Executor executor_;
  ProgramSurroundings surroundings_;
  std::map<std::uint32_t, FakeSession> sessions_;
  std::optional<wire::ServiceState> service_;
  wire::ListeningPorts ports_;
  AgentBehaviour behaviour_ = AgentBehaviour::honest;
  std::shared_ptr<FakeLink> link_;  // shared with the host's end, which may outlive this one
  std::deque<wire::Frame> answers_;
  bool frozen_ = false;
  bool host_said_hello_ = false;
  bool serving_ = false;
};

}  // namespace berth::runtimes::fake
