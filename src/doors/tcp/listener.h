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
  // Accepts until cancelled, then ends what is connected.
  async::Task<> serve();
  core::GateStatus status() const;

 private:
  async::Task<> accept_all();
  async::Task<> serve_client(boost::asio::ip::tcp::socket socket);
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
  async::TaskGroup tasks_;
};

}  // namespace berth::doors::tcp
