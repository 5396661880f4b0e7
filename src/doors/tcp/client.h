// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <string>
#include <utility>

#include "async/task.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/network_address.h"

namespace berth::doors::tcp {

// Who is at the other end of the connection; nobody, when it is broken.
NetworkAddress peer_of(const boost::asio::ip::tcp::socket& socket);

// A client's connection before it is relayed. Takes not one byte more than asked for: the rest is the service's. Every
// method throws Error{unavailable} when the client is gone.
class Client {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  Client(Socket socket, NetworkAddress address);

  const NetworkAddress& address() const { return address_; }
  async::Task<std::string> read_exactly(std::size_t length);
  // Without its end; at most `longest` bytes of it.
  async::Task<std::string> read_line(std::size_t longest);
  // The header of the PROXY protocol; the address is then what it says.
  async::Task<> read_proxy_header();
  async::Task<> write(std::string bytes);
  // Returns when the connection is broken. An end of the client's bytes is none: it may still wait for an answer.
  async::Task<> broken();
  // Whoever waits for the client learns that it is gone.
  void close();
  // The connection itself; this is the end of the object's use.
  Socket take() { return std::move(socket_); }
  Descriptor release();

 private:
  // The bytes that are there, at least one more than `known`, left where they are.
  async::Task<std::string> peek(std::size_t known, std::size_t most);
  async::Task<> drop(std::size_t length);
  [[noreturn]] void rethrow_as_gone(const boost::system::system_error& fault) const;

  Socket socket_;
  NetworkAddress address_;
};

}  // namespace berth::doors::tcp
