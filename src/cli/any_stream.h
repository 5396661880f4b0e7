// SPDX-License-Identifier: Apache-2.0
#pragma once

// Only for http_client.cc and websocket.cc: the heavy headers stay there.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <optional>
#include <utility>

#include "cli/endpoint.h"

namespace berth::cli {

namespace asio = boost::asio;

// A TCP connection, with TLS or without, as one stream type, so that Beast is compiled once. Cancelled by close().
class AnyStream {
 public:
  using executor_type = asio::ip::tcp::socket::executor_type;  // NOLINT(readability-identifier-naming): Asio's name

  AnyStream(asio::io_context& context, const Endpoint& endpoint);

  executor_type get_executor() { return plain_.get_executor(); }
  asio::ip::tcp::socket& socket() { return tls_ ? tls_->next_layer() : plain_; }

  // Resolves, connects and shakes hands. Throws boost::system::system_error.
  asio::awaitable<void> connect();
  void close();

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_.async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

  // What Beast's WebSocket asks for at its end. The TLS goodbye is left out: WebSocket has said its own.
  friend void beast_close_socket(AnyStream& stream) { stream.close(); }
  friend void teardown(boost::beast::role_type, AnyStream& stream, boost::system::error_code& fault) {
    fault = {};
    stream.close();
  }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, AnyStream& stream, Handler&& handler) {
    stream.close();
    asio::post(stream.get_executor(),
               [held = std::forward<Handler>(handler)]() mutable { held(boost::system::error_code{}); });
  }

 private:
  void keep_alive();

  Endpoint endpoint_;
  asio::ip::tcp::socket plain_;
  std::optional<asio::ssl::context> context_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket>> tls_;
};

}  // namespace berth::cli
