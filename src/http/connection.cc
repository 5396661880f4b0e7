// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <chrono>
#include <string>
#include <utility>

#include "async/cancelled.h"
#include "base/error.h"

namespace berth::http {
namespace {

using Progress = ServerExchange::Progress;

bool is_own_fault(const std::exception_ptr& fault) {
  try {
    std::rethrow_exception(fault);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::internal;
  } catch (...) {
    return true;
  }
}

}  // namespace

Connection::Connection(const Shared& shared, Descriptor socket, Peer peer)
    : shared_(shared),
      peer_(std::move(peer)),
      stream_(shared.tasks.executor(), std::move(socket), shared.settings.max_header.count + most_in_piece) {}

async::Task<> Connection::serve() {
  try {
    Next next = co_await serve_one(shared_.settings.header_limit);
    while (next == Next::request) {
      next = co_await serve_one(shared_.settings.idle_limit);
    }
    if (next == Next::linger) {
      co_await stream_.linger(shared_.settings.linger_limit);
    }
  } catch (const Error&) {
    // The client is gone, sends nonsense where no answer is possible, or was cut off.
  }
}

async::Task<> Connection::refuse(StatusError fault) {
  RequestParser parser(shared_.settings.max_header);
  ServerExchange blank(shared_, stream_, parser, peer_);
  try {
    co_await blank.respond(print_fault(blank, fault));
    co_await stream_.linger(shared_.settings.linger_limit);
  } catch (const Error&) {
  }
}

async::Task<bool> Connection::await_request(Milliseconds limit) {
  if (!stream_.buffered().empty()) {
    co_return true;
  }
  try {
    co_return co_await stream_.fill(limit);
  } catch (const Error&) {
    co_return false;
  }
}

async::Task<> Connection::read_header(RequestParser& parser) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + shared_.settings.header_limit;
  while (true) {
    stream_.consume(parser.read_header(stream_.buffered()));
    if (parser.header_complete()) {
      co_return;
    }
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
    bool ended = false;
    try {
      ended = left.count() > 0 && !co_await stream_.fill(left);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timed_out) {
        throw;
      }
    }
    if (ended) {
      throw Error(ErrorKind::unavailable, "the client has gone away");
    }
    if (Clock::now() >= deadline) {
      throw StatusError(408, ErrorKind::timed_out, "the header of the request comes too slowly");
    }
  }
}

async::Task<Connection::Next> Connection::serve_one(Milliseconds patience) {
  if (!co_await await_request(patience)) {
    co_return Next::end;
  }
  RequestParser parser(shared_.settings.max_header);
  ServerExchange exchange(shared_, stream_, parser, peer_);
  std::optional<StatusError> refused;
  try {
    co_await read_header(parser);
    exchange.set_request(parser.take_request());
  } catch (const StatusError& fault) {
    refused = fault;
  }
  if (refused) {
    co_await exchange.respond(print_fault(exchange, *refused));
    co_return Next::linger;
  }
  co_return co_await answer(exchange);
}

async::Task<Connection::Next> Connection::answer(ServerExchange& exchange) {
  std::exception_ptr fault;
  try {
    co_await shared_.router.route(exchange);
  } catch (...) {
    fault = std::current_exception();
  }
  if (fault && exchange.ended_by_head()) {
    fault = nullptr;
  }
  if (fault && async::is_cancellation(fault) && shared_.tasks.cancelled()) {
    std::rethrow_exception(fault);
  }
  if (fault && is_own_fault(fault)) {
    log_fault(exchange, fault);
  }
  if (exchange.progress() == Progress::upgraded || stream_.broken()) {
    co_return Next::end;
  }
  if (fault && exchange.progress() == Progress::streaming) {
    if (exchange.to_version_1_0()) {
      stream_.cut();  // an orderly end would mean that the answer is whole
    }
    co_return Next::end;
  }
  if (exchange.progress() == Progress::nothing) {
    if (!fault) {
      fault = std::make_exception_ptr(Error(ErrorKind::internal, "the request was not answered"));
      log_fault(exchange, fault);
    }
    co_await exchange.respond(fault_response(exchange, fault));
  }
  co_return co_await conclude(exchange);
}

async::Task<Connection::Next> Connection::conclude(ServerExchange& exchange) {
  co_await exchange.finish();
  co_await stream_.write({}, shared_.settings.write_limit);  // what a cancelled write left
  if (!exchange.keeps_connection()) {
    co_return exchange.body_is_read() && stream_.buffered().empty() ? Next::end : Next::linger;
  }
  while (co_await exchange.read_some()) {
  }
  co_return Next::request;
}

Response Connection::fault_response(const ServerExchange& exchange, const std::exception_ptr& fault) const {
  try {
    std::rethrow_exception(fault);
  } catch (const Error& error) {
    return print_fault(exchange, error);
  } catch (...) {
    return print_fault(exchange, Error(ErrorKind::internal, "something went wrong on the server; its log says what"));
  }
}

Response Connection::print_fault(const ServerExchange& exchange, const Error& error) const {
  const auto* dictated = dynamic_cast<const StatusError*>(&error);
  Response response = shared_.on_fault(exchange, error, dictated ? std::optional(dictated->status()) : std::nullopt);
  if (dictated) {
    response.headers.insert(response.headers.end(), dictated->headers().begin(), dictated->headers().end());
  }
  return response;
}

void Connection::log_fault(const ServerExchange& exchange, const std::exception_ptr& fault) const {
  shared_.log(std::string(to_string(exchange.method())) + " " + exchange.path() + ": " + async::describe_fault(fault));
}

}  // namespace berth::http
