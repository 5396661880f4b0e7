// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <variant>

#include "doors/ssh/messages.h"

namespace berth::doors::ssh {

// A size that a terminal can have, whatever the client says.
wire::WindowSize window_of(int columns, int rows);

// One channel as libssh sees it: gathers what a session shall be, and moves bytes both ways within channel_buffer.
// Lives on the protocol thread, in its connection.
class ProtocolChannel {
 public:
  using Reporter = std::function<void(Report)>;

  ProtocolChannel(ChannelNumber number, ssh_channel channel, const Reporter& report);
  ~ProtocolChannel();
  ProtocolChannel(const ProtocolChannel&) = delete;
  ProtocolChannel& operator=(const ProtocolChannel&) = delete;

  bool is(ssh_channel channel) const { return channel == channel_; }
  // Input may flow from now on.
  void start() { started_ = true; }

  // What the client asks for; whether it gets it.
  bool ask_terminal(std::string kind, wire::WindowSize size);
  bool ask_variable(std::string name, std::string value);
  bool ask_session(Wanted wanted, std::string command);
  void resize(wire::WindowSize size);

  void consumed(std::size_t bytes);
  using Outgoing = std::variant<Output, EndOutput, Finish>;
  void add(Outgoing outgoing) { outgoing_.push_back(std::move(outgoing)); }

  void pass_input();
  // As much as the client's window and the socket take now.
  void pass_output(ssh_session session);
  // By the client: nothing of it is left.
  bool closed() const { return closed_by_client_; }
  // It sends more than it was allowed to.
  bool misbehaves() const { return misbehaves_; }

 private:
  static int take_data(ssh_session session, ssh_channel channel, void* data, uint32_t length, int is_error, void* self);
  static void take_end(ssh_session session, ssh_channel channel, void* self);
  static void take_close(ssh_session session, ssh_channel channel, void* self);
  static void take_signal(ssh_session session, ssh_channel channel, const char* name, void* self);
  std::size_t room() const { return started_ ? channel_buffer - in_flight_ : 0; }
  void hand_over(std::string bytes);
  enum class Passed { all, some, nothing };
  Passed pass(Output& output);
  Passed pass(const EndOutput& end);
  Passed pass(const Finish& finish);

  ChannelNumber number_;
  ssh_channel channel_;
  const Reporter& report_;
  ssh_channel_callbacks_struct callbacks_{};
  SessionAsked asked_;
  bool started_ = false;
  std::size_t in_flight_ = 0;  // input that the event thread has not consumed
  std::size_t held_ = 0;       // input that libssh keeps for us
  bool input_ended_ = false;
  bool end_reported_ = false;
  bool closed_by_client_ = false;
  bool finished_ = false;
  bool misbehaves_ = false;
  std::deque<Outgoing> outgoing_;
};

}  // namespace berth::doors::ssh
