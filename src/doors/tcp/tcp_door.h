// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/gate.h"
#include "core/service_tokens.h"
#include "core/services.h"
#include "doors/tcp/tls_settings.h"
#include "relay/relay.h"

namespace berth::doors::tcp {

class TlsFront;

// A service at an address.
struct Offer {
  core::Service service;
  std::string host;        // empty: it is reached by TLS only
  std::uint16_t port = 0;  // 0: a free one
  std::vector<std::string> tls_names;
  bool proxy_protocol = false;  // every connection begins with a header of it
  std::size_t token_length = 128;
  Seconds greeting_limit{10};  // for header, proof of work and token, each
  core::GateSettings gate;
  std::unique_ptr<core::ServiceTokens> tokens;  // of mode `token`
};

// Connections to services: the gate, the token, then an instance and the bytes both ways. It adds no byte of its own,
// but for the proof of work where one is asked for, and says nothing on failure. Lives on the event thread; cancelling
// serve() ends the connections and leaves the instances.
class TcpDoor {
 public:
  using Log = std::function<void(const std::string&)>;

  TcpDoor(async::Executor executor, core::Services& services, relay::Relay& relay, const Clock& clock,
          std::vector<Offer> offers, const Log& log);
  ~TcpDoor();

  // Also offers what has a name for TLS, on one address. Throws Error{invalid_argument} when a certificate is not
  // right.
  void offer_by_name(TlsSettings settings);
  // Binds all addresses. Throws Error{unavailable} with a sentence for the operator.
  void listen();
  async::Task<> serve();
  std::vector<core::GateStatus> statuses() const;

 private:
  class Listener;

  async::Task<> stop();

  async::Executor executor_;
  Log log_;

  std::vector<std::unique_ptr<Listener>> listeners_;
  async::TaskGroup tasks_;
  std::unique_ptr<TlsFront> tls_;  // none: no TLS
};

}  // namespace berth::doors::tcp
