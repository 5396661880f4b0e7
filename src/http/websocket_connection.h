// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "async/task.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "http/exchange.h"

namespace berth::http {

// The checked values of a client's handshake.
struct WebSocketHandshake {
  std::string key;
  std::string subprotocol;  // empty: none
};

struct WebSocketLimits {
  std::size_t max_message = 0;
  Milliseconds idle{};   // without a byte from the peer
  Milliseconds write{};  // for each piece of a message
  Milliseconds close{};  // for the peer's goodbye
};

// Accepts the handshake. Reader, writer and pinger are tasks in `tasks` and end with the WebSocket.
async::Task<std::unique_ptr<WebSocket>> open_websocket(async::TaskGroup& tasks, Descriptor socket,
                                                       WebSocketHandshake handshake, WebSocketLimits limits);

}  // namespace berth::http
