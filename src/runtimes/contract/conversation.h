// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/runtime.h"
#include "wire/agent_protocol.h"

namespace berth::runtimes::contract {

struct Outcome {
  std::string output;
  std::string error;
  wire::SessionExit exit;
};

// A host's end of the agent protocol, frame by frame, for tests.
class Conversation {
 public:
  // Opens a channel to the agent and exchanges hellos.
  static async::Task<Conversation> begin(core::Runtime& runtime, InstanceId id);

  const wire::AgentHello& hello() const { return hello_; }
  async::Task<> send(wire::Frame frame);
  async::Task<wire::Frame> receive();
  // The next frame of the type; others are passed over.
  async::Task<wire::Frame> await_frame(wire::FrameType type);

  async::Task<> open(std::uint32_t session, wire::OpenSession request);
  async::Task<> input(std::uint32_t session, std::uint64_t offset, std::string bytes);
  // Reads and acknowledges until the session has exited, then closes it.
  async::Task<Outcome> finish(std::uint32_t session);
  // Opens, gives `input` and its end, and finishes.
  async::Task<Outcome> run(wire::OpenSession request, std::string input = {});
  async::Task<Outcome> run(std::vector<std::string> command);

 private:
  explicit Conversation(std::unique_ptr<core::AgentChannel> channel) : channel_(std::move(channel)) {}

  std::unique_ptr<core::AgentChannel> channel_;
  wire::AgentHello hello_;
  std::uint32_t next_session_ = 1000;
};

}  // namespace berth::runtimes::contract
