// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"
#include "cli/endpoint.h"

namespace berth::cli {

// A WebSocket to the server, driven by an io_context. It lives until it is closed or broken; destroying it closes it
// without a further word to the callbacks.
class WebSocket {
 public:
  enum class Kind { text, binary };
  struct Callbacks {
    std::function<void(Kind kind, std::string_view message)> on_message;
    // Once, when it is over. `refused`: the server answered, with this error, before it became a WebSocket.
    std::function<void(bool refused, const Error& why)> on_closed;
  };

  virtual ~WebSocket() = default;
  // Messages are sent in order, as the server takes them.
  virtual void send(Kind kind, std::string message) = 0;
};

// Starts to connect. `target` is path and query without the endpoint's base path.
std::unique_ptr<WebSocket> open_websocket(boost::asio::io_context& context, const Endpoint& endpoint,
                                          const std::string& target, const Secret& token,
                                          WebSocket::Callbacks callbacks);

}  // namespace berth::cli
