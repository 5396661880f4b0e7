// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
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
struct TlsArrival;

// A service at an address.
struct Offer {
  core::Service service;
  std::string host;              // empty: it is reached by TLS only
  std::uint16_t port = 0;        // 0: a free one
  std::uint16_t first_port = 0;  // where a free one is looked for; 0: anywhere
  std::uint16_t last_port = 0;
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

  TcpDoor(async::Executor executor, core::Services& services, relay::Relay& relay, const Clock& clock, Log log);
  ~TcpDoor();

  // Listens for TLS, on one address for all that have a name. Before any open(). Throws Error{invalid_argument} when a
  // certificate is not right, {unavailable} with a sentence for the operator.
  void listen_by_name(TlsSettings settings);
  // Whether a service may have this name for TLS. Empty: it may; else why not.
  std::string fault_of_name(const std::string& name) const;
  // Listens; its clients wait until start(). Throws Error{conflict} when another listens there, {exhausted} when no
  // port is free, {invalid_argument} when there is no listening there. The port.
  std::uint16_t open(Offer offer);
  void start(const std::string& service);
  // The address is free at once, its connections end. Unknown: nothing.
  void close(const std::string& service);
  // Starts all that are open.
  async::Task<> serve();
  std::vector<core::GateStatus> statuses() const;

 private:
  class Listener;
  // Shared: with the task that serves it, which may outlast its close().
  using SharedListener = std::shared_ptr<Listener>;

  async::Task<> serve_one(SharedListener listener);
  void welcome(TlsArrival arrival);
  async::Task<> stop();

  async::Executor executor_;
  core::Services& services_;
  relay::Relay& relay_;
  const Clock& clock_;
  Log log_;

  std::map<std::string, SharedListener> listeners_;  // by service
  std::map<std::string, std::string> named_;         // the service that has a name for TLS
  async::TaskGroup tasks_;
  std::unique_ptr<TlsFront> tls_;  // none: no TLS
};

}  // namespace berth::doors::tcp
