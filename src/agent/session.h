// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/channel.h"
#include "agent/input_buffer.h"
#include "agent/link.h"
#include "agent/output_buffer.h"
#include "agent/program.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

// One program with its buffers. Lives from `open` to `close`, whatever becomes of the program and of links.
//
// The output ends when the program has ended and its pipes are closed. A process it left behind may hold them open:
// then the output ends once they were empty 250 ms after the program's end, and at the latest 1 MiB past it (nothing
// the program itself wrote is lost: a pipe holds less). What is left behind lives on and gets EPIPE or a hangup if it
// writes.
class Session {
 public:
  enum class Sending { sent, nothing, blocked };

  Session(std::uint32_t number, const wire::OpenSession& request, Program program, Poller& poller);

  pid_t process() const { return process_; }
  bool running() const { return !exit_; }
  bool is_terminal() const { return kind_ == wire::SessionKind::terminal; }
  wire::SessionState state() const;

  // From the host. They throw Error{invalid_argument} if the host did not keep to the protocol.
  void attach(std::uint64_t offset);
  void acknowledge(std::uint64_t offset) { output_.acknowledge(offset); }
  void receive(std::uint64_t offset, std::string_view bytes) { input_.receive(offset, bytes); }
  void finish_input() { input_.finish(); }
  void resize(const wire::WindowSize& size);
  // The link is gone.
  void detach() { cursor_.reset(); }

  // The program has ended.
  void end(const wire::SessionExit& exit, Moment now);
  // Moves what can be moved between the program and the buffers; true: there is more to move at once.
  bool pump(Moment now);
  // When pump is due though nothing happened.
  std::optional<Moment> deadline(Moment now) const;
  // Sends at most one frame of what the host has not got.
  Sending send(Link& link);

 private:
  struct Source {
    Channel channel;
    wire::Stream stream = wire::Stream::standard_output;
    std::size_t read_after_end = 0;
  };

  bool output_is_over() const { return !sources_[0].channel.descriptor && !sources_[1].channel.descriptor; }
  void read_from(Source& source, Moment now);
  void write_input();
  bool acknowledgement_is_due() const;

  std::uint32_t number_;
  wire::SessionKind kind_;
  std::vector<std::string> command_;
  pid_t process_;
  std::array<Source, 2> sources_;
  Channel program_input_;
  Descriptor terminal_;  // the program's end
  OutputBuffer output_;
  InputBuffer input_;
  std::optional<wire::SessionExit> exit_;
  Moment lingers_until_;

  // What the link that is attached has got.
  std::optional<std::uint64_t> cursor_;
  std::uint64_t acknowledged_input_ = 0;
  bool exit_sent_ = false;
};

}  // namespace berth::agent
