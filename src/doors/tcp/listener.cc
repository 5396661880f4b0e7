// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/listener.h"

#include <array>
#include <chrono>
#include <random>
#include <utility>

#include "async/accept.h"
#include "async/always.h"
#include "async/race.h"
#include "async/time_limit.h"
#include "async/trigger.h"
#include "core/proof_of_work.h"
#include "doors/tcp/token_frame.h"

namespace berth::doors::tcp {
namespace {

namespace asio = boost::asio;
using Protocol = asio::ip::tcp;

constexpr int backlog = 4096;
constexpr Seconds stop_limit{5};

std::string hexadecimal(std::uint16_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) {
    text += digits[(number >> shift) & 0xf];
  }
  return text;
}

// The last byte that moved, for the instance's idle time.
std::function<Milliseconds()> idle_of(std::shared_ptr<relay::Activity> activity) {
  return [activity = std::move(activity)] {
    return std::chrono::duration_cast<Milliseconds>(relay::Activity::Moment::clock::now() - activity->last_moved());
  };
}

}  // namespace

TcpDoor::Listener::Listener(const async::Executor& executor, core::Services& services, relay::Relay& relay,
                            const Clock& clock, Offer offer, Log log)
    : executor_(executor),
      services_(services),
      relay_(relay),
      offer_(std::move(offer)),
      log_(std::move(log)),
      gate_(offer_.gate, clock),
      acceptor_(executor),
      ended_(executor),
      tasks_(executor, [this](const std::string& what) { log_("service " + offer_.service.name + ": " + what); }) {}

void TcpDoor::Listener::listen() {
  if (offer_.host.empty()) {
    return;
  }
  boost::system::error_code fault;
  const auto address = asio::ip::make_address(offer_.host, fault);
  if (fault) {
    throw Error(ErrorKind::invalid_argument,
                "service '" + offer_.service.name + "' listens on '" + offer_.host + "', which is no IP address");
  }
  if (offer_.port == 0 && offer_.first_port != 0) {
    bind_any(address);
  } else {
    bind(address, offer_.port);
  }
}

void TcpDoor::Listener::bind(const asio::ip::address& address, std::uint16_t port) {
  const Protocol::endpoint endpoint(address, port);
  try {
    acceptor_ = Protocol::acceptor(executor_);
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(Protocol::acceptor::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(backlog);
  } catch (const boost::system::system_error& refused) {
    const bool in_use = refused.code() == asio::error::address_in_use;
    throw Error(in_use ? ErrorKind::conflict : ErrorKind::invalid_argument,
                "service '" + offer_.service.name + "' cannot listen on " + offer_.host + " port " +
                    std::to_string(port) + ": " + refused.code().message() + "; choose another address",
                "listen");
  }
}

// Each once, from a random one on: two that are made at the same time seldom try the same.
void TcpDoor::Listener::bind_any(const asio::ip::address& address) {
  const std::uint32_t count = offer_.last_port - offer_.first_port + 1U;
  const std::uint32_t begin = std::random_device()() % count;
  for (std::uint32_t step = 0; step < count; ++step) {
    try {
      return bind(address, static_cast<std::uint16_t>(offer_.first_port + (begin + step) % count));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::conflict) {
        throw;
      }
    }
  }
  throw Error(ErrorKind::exhausted,
              "no port from " + std::to_string(offer_.first_port) + " to " + std::to_string(offer_.last_port) +
                  " is free on " + offer_.host,
              "listen");
}

void TcpDoor::Listener::end() {
  over_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  ended_.fire();
}

core::GateStatus TcpDoor::Listener::status() const {
  boost::system::error_code fault;
  const auto endpoint = acceptor_.local_endpoint(fault);
  return {.service = offer_.service.name,
          .address = offer_.host,
          .port = fault ? offer_.port : endpoint.port(),
          .counts = gate_.counts()};
}

async::Task<> TcpDoor::Listener::serve() { return async::always(take_clients(), close()); }

async::Task<> TcpDoor::Listener::until_the_end() {
  while (!over_) {
    co_await ended_.wait();
  }
}

async::Task<> TcpDoor::Listener::take_clients() {
  if (!acceptor_.is_open()) {
    co_return co_await until_the_end();  // clients come elsewhere
  }
  auto accepting = async::accept_all(
      acceptor_, [this](Protocol::socket socket) { tasks_.spawn(serve_own(std::move(socket))); },
      [this](const std::string& what) { log_("service " + offer_.service.name + ": " + what); });
  co_await async::race(until_the_end(), std::move(accepting));
}

async::Task<> TcpDoor::Listener::close() {
  end();
  co_await tasks_.stop(stop_limit);
}

void TcpDoor::Listener::welcome(Descriptor connection, NetworkAddress address) {
  boost::system::error_code fault;
  Client::Socket socket(executor_);
  socket.assign({AF_UNIX, 0}, connection.get(), fault);
  if (!fault) {
    connection.release();
    tasks_.spawn(serve_foreign(std::move(socket), address));
  }
}

// Whatever goes wrong, the client sees the connection close.
async::Task<> TcpDoor::Listener::serve_own(Protocol::socket socket) {
  const NetworkAddress address = peer_of(socket);
  Client client(std::move(socket), address);
  try {
    if (offer_.proxy_protocol) {
      co_await async::with_limit(client.read_proxy_header(), offer_.greeting_limit, "no header in time");
    }
    co_await let_in(client);
  } catch (const Error&) {
  }
}

async::Task<> TcpDoor::Listener::serve_foreign(Client::Socket socket, NetworkAddress address) {
  Client client(std::move(socket), address);
  try {
    co_await let_in(client);
  } catch (const Error&) {
  }
}

async::Task<> TcpDoor::Listener::let_in(Client& client) {
  if (const auto pass = gate_.enter(client.address())) {
    co_await greet_and_relay(client);
  }
}

async::Task<> TcpDoor::Listener::greet_and_relay(Client& client) {
  if (!co_await has_worked(client)) {
    gate_.note_wrong_proof();
    co_return;
  }
  if (offer_.service.mode == core::ServiceMode::per_connection) {
    co_return co_await relay_to_instance(client, {.key = {}, .holder = {}, .share = client.address().customer()});
  }
  std::optional<TokenFrame> frame;
  try {
    frame = read_token_frame(co_await async::with_limit(client.read_exactly(offer_.token_length + identifier_size),
                                                        offer_.greeting_limit, "no whole token in time"));
  } catch (const Error&) {
    gate_.note_wrong_token();
    throw;
  }
  const std::optional<std::string> holder = co_await holder_of(frame->token);
  if (!holder) {
    gate_.note_wrong_token();
    co_return;
  }
  const auto pass = gate_.enter_with_token(*holder);
  if (!pass) {
    co_return;
  }
  const std::string all = *holder + ".";
  if (frame->is_reset()) {
    co_await services_.reset(offer_.service.name, all);
  }
  co_await relay_to_instance(client, {.key = all + hexadecimal(frame->identifier), .holder = all, .share = *holder});
}

async::Task<std::optional<std::string>> TcpDoor::Listener::holder_of(std::string token) {
  try {
    co_return co_await offer_.tokens->holder_of(std::move(token));
  } catch (const Error&) {
    services_.note_failure(offer_.service.name);
    throw;
  }
}

async::Task<bool> TcpDoor::Listener::has_worked(Client& client) {
  const std::uint32_t bits = gate_.work_for(client.address());
  if (bits == 0) {
    co_return true;
  }
  const core::WorkChallenge challenge = core::new_challenge(bits);
  co_await client.write(challenge.line());
  try {
    co_return core::is_solved(challenge, co_await async::with_limit(client.read_line(core::longest_nonce),
                                                                    core::work_limit, "no proof of work in time"));
  } catch (const Error&) {
    co_return false;
  }
}

async::Task<> TcpDoor::Listener::relay_to_instance(Client& client, core::Visitor visitor) {
  std::unique_ptr<core::Visit> visit;
  Descriptor inside;
  const auto reach = [](core::Services& services, std::string service, core::Visitor who,
                        std::unique_ptr<core::Visit>& into, Descriptor& connection) -> async::Task<> {
    into = co_await services.visit(service, who);
    try {
      connection = co_await into->connect();
      co_return;
    } catch (const Error&) {
    }
    // It was an old one whose program has ended: once more, with a fresh one.
    into = co_await services.visit(service, std::move(who));
    connection = co_await into->connect();
  };
  co_await async::race(reach(services_, offer_.service.name, std::move(visitor), visit, inside), client.broken());
  if (!inside) {
    co_return;  // the client did not wait
  }
  const auto activity = std::make_shared<relay::Activity>();  // shared: written by a relay thread
  visit->measure_idle(idle_of(activity));
  const auto move_bytes = [](relay::Relay& relay, relay::Ends ends, Milliseconds idle,
                             std::shared_ptr<relay::Activity> moved) -> async::Task<> {
    co_await relay.run(std::move(ends), {.idle = idle}, std::move(moved));
  };
  relay::Ends ends{.client = client.release(), .inside = std::move(inside), .from_client = {}};
  co_await async::race(move_bytes(relay_, std::move(ends), offer_.service.idle_limit, activity), visit->ended());
}

}  // namespace berth::doors::tcp
