// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libssh/libssh.h>
#include <libssh/server.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "doors/ssh/messages.h"
#include "doors/ssh/protocol_channel.h"

namespace berth::doors::ssh {

// One connection as libssh sees it; nothing in it waits. Lives on the protocol thread, which calls step() whenever the
// socket or an order gives it something to do, until it has ended. The destructor hangs up.
class ProtocolConnection {
 public:
  using Reporter = std::function<void(Report)>;

  ProtocolConnection(ssh_bind bind, Descriptor socket, Reporter report);
  ~ProtocolConnection();
  ProtocolConnection(const ProtocolConnection&) = delete;
  ProtocolConnection& operator=(const ProtocolConnection&) = delete;

  int descriptor() const { return ssh_get_fd(session_.get()); }
  void obey(Order order);
  void step();
  bool ended() const { return ended_; }
  // The epoll events it waits for.
  std::uint32_t interest() const;
  // Whether step() left off in the middle, so that others get their turn.
  bool has_more() const { return has_more_; }

 private:
  struct FreeSession {
    void operator()(ssh_session session) const { ssh_free(session); }
  };
  struct FreeMessage {
    void operator()(ssh_message message) const { ssh_message_free(message); }
  };
  using Message = std::unique_ptr<ssh_message_struct, FreeMessage>;

  void exchange_keys();
  void take_messages();
  void take(Message message);
  void take_key(Message message);
  void take_open(Message message);
  void take_channel_request(Message message);
  void answer_key(bool welcome);
  void answer_forward(ChannelNumber number, bool welcome);
  void serve_channels();
  ProtocolChannel* find(ssh_channel channel);

  std::unique_ptr<ssh_session_struct, FreeSession> session_;
  Reporter report_;
  bool keys_exchanged_ = false;
  bool ended_ = false;
  bool has_more_ = false;
  int sign_ins_ = 0;
  Message key_question_;                             // waits for the event thread
  std::map<ChannelNumber, Message> open_questions_;  // the same
  std::map<ChannelNumber, std::unique_ptr<ProtocolChannel>> channels_;
  ChannelNumber next_channel_ = 1;
};

}  // namespace berth::doors::ssh
