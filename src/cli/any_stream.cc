// SPDX-License-Identifier: Apache-2.0
#include "cli/any_stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace berth::cli {

AnyStream::AnyStream(asio::io_context& context, const Endpoint& endpoint) : endpoint_(endpoint), plain_(context) {
  if (endpoint.tls) {
    context_.emplace(asio::ssl::context::tls_client);
    context_->set_default_verify_paths();
    context_->set_verify_mode(asio::ssl::verify_peer);
    tls_.emplace(context, *context_);
    tls_->set_verify_callback(asio::ssl::host_name_verification(endpoint.host));
    boost::system::error_code not_a_name;
    asio::ip::make_address(endpoint.host, not_a_name);
    if (not_a_name) {
      SSL_set_tlsext_host_name(tls_->native_handle(), endpoint.host.c_str());
    }
  }
}

asio::awaitable<void> AnyStream::connect() {
  asio::ip::tcp::resolver resolver(get_executor());
  const auto addresses = co_await resolver.async_resolve(endpoint_.host, endpoint_.port, asio::use_awaitable);
  co_await asio::async_connect(socket(), addresses, asio::use_awaitable);
  keep_alive();
  if (tls_) {
    co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  }
}

// Long streams have no time limit of ours: the kernel finds out that the other side is gone, within about a minute.
void AnyStream::keep_alive() {
  boost::system::error_code ignored;
  socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  socket().set_option(asio::socket_base::keep_alive(true), ignored);
  constexpr std::array<std::pair<int, int>, 3> probes = {{{TCP_KEEPIDLE, 30}, {TCP_KEEPINTVL, 10}, {TCP_KEEPCNT, 3}}};
  for (const auto& [option, value] : probes) {
    ::setsockopt(socket().native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  }
}

void AnyStream::close() {
  boost::system::error_code ignored;
  socket().close(ignored);
}

}  // namespace berth::cli
