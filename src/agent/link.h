// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "agent/channel.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

// One connection to the host. Lives from its accept until either side drops it; sessions outlive it.
class Link {
 public:
  explicit Link(Descriptor connection);

  Channel& channel() { return channel_; }

  // The next frame, if one waits. Throws Error if the host closed the connection or sent what is not a frame.
  std::optional<wire::Frame> receive();
  // Sends an answer, at once or when there is room for it.
  void answer(const wire::Frame& frame);
  // Sends a frame with `payload` in the place of its own, or returns false: the connection takes nothing now.
  bool send(const wire::Frame& frame, std::string_view payload);
  // Sends the answers that wait; false: not all could be sent.
  bool flush();
  // So many answers wait that the host has to read before it is heard again.
  bool clogged() const;

 private:
  bool send_packet(std::string_view header, std::string_view payload);

  Channel channel_;
  std::deque<std::string> waiting_;
};

}  // namespace berth::agent
