// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "http/exchange.h"
#include "http/router.h"

namespace berth::http {

struct Settings {
  std::string address = "127.0.0.1";  // IPv4 or IPv6, no name
  std::uint16_t port = 8080;          // 0: any free one
  std::size_t most_connections = 10000;
  Bytes max_header = 16_KiB;
  Bytes max_body = 16_GiB;                    // of any upload; handlers have their own limits below it
  Milliseconds header_limit{10'000};          // from the first byte of a request to the end of its header
  Milliseconds idle_limit{60'000};            // between requests of one connection
  Milliseconds read_limit{30'000};            // for each piece of a body
  Milliseconds write_limit{30'000};           // without any progress of an answer
  Milliseconds linger_limit{2'000};           // for a client to stop sending after a refusal
  Milliseconds websocket_idle_limit{60'000};  // without a byte from the peer, pings included
  Milliseconds websocket_close_limit{5'000};  // for the peer's goodbye
  Milliseconds shutdown_limit{5'000};         // for handlers to end after cancellation
};

// Turns a failure into the answer. `status` is set where HTTP dictates it (StatusError: 405, malformed or slow
// requests, the connection limit); otherwise the door's table from error.kind() decides. The exchange of a request that
// could not be read is blank but for its peer. Must not throw.
using FaultHandler = std::function<Response(const Exchange&, const Error&, std::optional<int> status)>;

// HTTP/1.1 on one listening address; every connection is a task on the event thread. `router` must outlive it. Faults
// of handlers that are not an Error are logged and shown as Error{internal}.
class Server {
 public:
  Server(async::Executor executor, Settings settings, const Router& router, FaultHandler on_fault,
         std::function<void(std::string)> log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds. Throws Error{unavailable} saying what to do: the port is taken, the address is not ours.
  void listen();
  // After listen().
  std::uint16_t port() const;
  std::size_t connections() const;
  // Accepts until cancelled; then stops accepting, cancels exchanges and waits for them to the shutdown limit.
  async::Task<> serve();

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace berth::http
