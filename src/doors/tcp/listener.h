// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "doors/tcp/client.h"
#include "doors/tcp/tcp_door.h"

namespace berth::doors::tcp {

// One offer and its connections. Lives in the door.
class TcpDoor::Listener {
 public:
  Listener(const async::Executor& executor, core::Services& services, relay::Relay& relay, const Clock& clock,
           Offer offer, Log log);

  void listen();
  // Accepts until cancelled or ended, then ends what is connected.
  async::Task<> serve();
  // The address is free from now on.
  void end();
  // A connection that came elsewhere.
  void welcome(Descriptor connection, NetworkAddress address);
  core::GateStatus status() const;

 private:
  void bind(const boost::asio::ip::address& address, std::uint16_t port);
  void bind_any(const boost::asio::ip::address& address);
  async::Task<> take_clients();
  async::Task<> until_the_end();
  async::Task<> close();
  async::Task<> serve_own(boost::asio::ip::tcp::socket socket);
  async::Task<> serve_foreign(Client::Socket socket, NetworkAddress address);
  async::Task<> let_in(Client& client);
  async::Task<> greet_and_relay(Client& client);
  async::Task<bool> has_worked(Client& client);
  async::Task<std::optional<std::string>> holder_of(std::string token);
  async::Task<> relay_to_instance(Client& client, core::Visitor visitor);

  async::Executor executor_;
  core::Services& services_;
  relay::Relay& relay_;
  Offer offer_;
  Log log_;
  core::Gate gate_;
  boost::asio::ip::tcp::acceptor acceptor_;
  async::Trigger ended_;
  bool over_ = false;
  async::TaskGroup tasks_;
};

}  // namespace berth::doors::tcp
