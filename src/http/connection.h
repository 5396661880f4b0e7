// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "async/task.h"
#include "base/descriptor.h"
#include "http/request_parser.h"
#include "http/server_exchange.h"
#include "http/stream.h"

namespace berth::http {

// One client's connection: reads a request, has it answered, and again. Lives as long as its serve() or refuse().
class Connection {
 public:
  Connection(const Shared& shared, Descriptor socket, Peer peer);

  // Until either side has enough. Cancellation ends it and the handler that runs.
  async::Task<> serve();
  // Answers with `fault`, whatever the client wants.
  async::Task<> refuse(StatusError fault);

 private:
  enum class Next { request, linger, end };

  async::Task<bool> await_request(Milliseconds limit);
  async::Task<> read_header(RequestParser& parser);
  async::Task<Next> serve_one(Milliseconds patience);
  async::Task<Next> answer(ServerExchange& exchange);
  async::Task<Next> conclude(ServerExchange& exchange);
  Response fault_response(const ServerExchange& exchange, const std::exception_ptr& fault) const;
  Response print_fault(const ServerExchange& exchange, const Error& error) const;
  void log_fault(const ServerExchange& exchange, const std::exception_ptr& fault) const;

  const Shared& shared_;
  Peer peer_;
  Stream stream_;
};

}  // namespace berth::http
