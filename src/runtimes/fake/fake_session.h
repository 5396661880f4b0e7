// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "runtimes/fake/fake_program.h"
#include "wire/agent_protocol.h"

namespace berth::runtimes::fake {

// One session of a fake agent, with the windows and offsets of the agent protocol. It belongs to the agent, not to a
// link: `sent` and the like are about the link of the moment.
class FakeSession {
 public:
  FakeSession(wire::OpenSession request, FakeProgram program);

  void attach(std::uint64_t offset);
  void detach() { attached_ = false; }
  // False: the host broke the protocol.
  bool input(std::uint64_t offset, std::string_view bytes);
  void end_input();
  void resize(wire::WindowSize size);
  void signal(int number);
  bool acknowledge(std::uint64_t offset);

  // What should go out on the link next; nothing while detached.
  std::optional<wire::Frame> next_frame();
  wire::SessionState state() const;

 private:
  struct Chunk {
    std::uint64_t offset = 0;
    wire::Stream stream = wire::Stream::standard_output;
    std::string bytes;
  };

  void run();
  bool drain_console();
  void forget_old();
  std::optional<wire::Frame> next_output();
  std::uint64_t retained_from() const { return retained_.empty() ? output_end_ : retained_.front().offset; }
  std::uint64_t input_taken() const { return input_received_ - console_.input.size(); }

  wire::OpenSession request_;
  FakeProgram program_;
  ProgramConsole console_;
  std::optional<wire::SessionExit> exit_;
  std::deque<Chunk> retained_;
  std::uint64_t output_end_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t input_received_ = 0;
  bool attached_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t input_taken_told_ = 0;
  bool exit_told_ = false;
};

}  // namespace berth::runtimes::fake
