// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "async/always.h"
#include "async/task_group.h"
#include "async/time_limit.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "http/connection.h"

namespace berth::http {
namespace {

// Connections over the limit that are being told so.
constexpr std::size_t most_refusals = 64;
constexpr int most_accepted_at_once = 64;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* any() { return reinterpret_cast<sockaddr*>(&storage); }
  auto& v4() { return reinterpret_cast<sockaddr_in&>(storage); }
  auto& v6() { return reinterpret_cast<sockaddr_in6&>(storage); }
};

Address parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  if (::inet_pton(AF_INET, text.c_str(), &address.v4().sin_addr) == 1) {
    address.v4().sin_family = AF_INET;
    address.v4().sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, text.c_str(), &address.v6().sin6_addr) == 1) {
    address.v6().sin6_family = AF_INET6;
    address.v6().sin6_port = htons(port);
    address.size = sizeof(sockaddr_in6);
  } else {
    throw Error(ErrorKind::invalid_argument, "'" + text + "' is no IP address to listen on");
  }
  return address;
}

Peer describe_peer(Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  in_addr v4 = address.v4().sin_addr;
  const in6_addr& v6 = address.v6().sin6_addr;
  const bool is_v6 = address.storage.ss_family == AF_INET6;
  const bool mapped = is_v6 && IN6_IS_ADDR_V4MAPPED(&v6);
  if (is_v6 && !mapped) {
    ::inet_ntop(AF_INET6, &v6, text.data(), text.size());
    return {text.data(), IN6_IS_ADDR_LOOPBACK(&v6) != 0};
  }
  if (mapped) {
    std::memcpy(&v4, v6.s6_addr + 12, sizeof v4);
  }
  ::inet_ntop(AF_INET, &v4, text.data(), text.size());
  return {text.data(), (ntohl(v4.s_addr) >> 24) == 127};
}

void set_option(const Descriptor& socket, int level, int option, int value) {
  ::setsockopt(socket.get(), level, option, &value, sizeof value);
}

std::string why_not_bound(int code, const Settings& settings) {
  const std::string port = "port " + std::to_string(settings.port);
  switch (code) {
    case EADDRINUSE:
      return port + " of " + settings.address + " is taken by another program: choose another with --listen";
    case EADDRNOTAVAIL:
      return settings.address + " is no address of this machine: choose another with --listen";
    case EACCES:
      return port + " is not for ordinary users: choose one above 1023 with --listen";
    default:
      return "cannot listen on " + settings.address + " " + port + ": " + std::strerror(code);
  }
}

// Counts for as long as it lives.
class Place {
 public:
  explicit Place(std::size_t& count) : count_(&count) { ++count; }
  Place(Place&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (count_) {
      --*count_;
    }
  }

 private:
  std::size_t* count_;
};

async::Task<> serve_connection(std::unique_ptr<Connection> connection, Place) { co_await connection->serve(); }

async::Task<> refuse_connection(std::unique_ptr<Connection> connection, Place) {
  co_await connection->refuse(
      StatusError(503, ErrorKind::exhausted, "the server has too many connections; try again", {{"Retry-After", "5"}}));
}

}  // namespace

class Server::Listener {
 public:
  Listener(async::Executor executor, Settings settings, const Router& router, FaultHandler on_fault,
           std::function<void(std::string)> log)
      : settings_(std::move(settings)),
        on_fault_(std::move(on_fault)),
        log_(std::move(log)),
        watched_(executor),
        tasks_(executor, [this](const std::string& what) { log_("a connection failed: " + what); }),
        shared_{settings_, router, on_fault_, log_, tasks_} {}

  void listen();
  std::uint16_t port();
  std::size_t connections() const { return connections_; }
  async::Task<> serve();

 private:
  async::Task<> accept_all();
  async::Task<> close();
  bool accept_one();
  void admit(Descriptor socket, Peer peer);

  Settings settings_;
  FaultHandler on_fault_;
  std::function<void(std::string)> log_;
  boost::asio::posix::stream_descriptor watched_;
  std::size_t connections_ = 0;
  std::size_t refusals_ = 0;
  bool starved_ = false;  // of descriptors or memory
  async::TaskGroup tasks_;
  Shared shared_;
};

void Server::Listener::listen() {
  Address address = parse_address(settings_.address, settings_.port);
  Descriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.storage.ss_family == AF_INET6) {
    set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);  // "::" is everything
  }
  if (!socket || ::bind(socket.get(), address.any(), address.size) != 0 || ::listen(socket.get(), SOMAXCONN) != 0) {
    throw Error(ErrorKind::unavailable, why_not_bound(errno, settings_));
  }
  watched_.assign(socket.release());
}

std::uint16_t Server::Listener::port() {
  Address address;
  address.size = sizeof address.storage;
  ::getsockname(watched_.native_handle(), address.any(), &address.size);
  return ntohs(address.storage.ss_family == AF_INET6 ? address.v6().sin6_port : address.v4().sin_port);
}

// Whether there may be more.
bool Server::Listener::accept_one() {
  Address address;
  address.size = sizeof address.storage;
  Descriptor socket(::accept4(watched_.native_handle(), address.any(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    starved_ = false;
    admit(std::move(socket), describe_peer(address));
    return true;
  }
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    if (!std::exchange(starved_, true)) {
      log_(std::string("cannot accept connections: ") + std::strerror(errno));
    }
    return false;
  }
  return errno != EAGAIN;  // else the fault of one connection, gone before it was accepted
}

void Server::Listener::admit(Descriptor socket, Peer peer) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  // A stream may be silent for long; the kernel finds out whether its client still exists.
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
  const bool welcome = connections_ < settings_.most_connections;
  if (!welcome && refusals_ >= most_refusals) {
    return;
  }
  auto connection = std::make_unique<Connection>(shared_, std::move(socket), std::move(peer));
  if (welcome) {
    tasks_.spawn(serve_connection(std::move(connection), Place(connections_)));
  } else {
    tasks_.spawn(refuse_connection(std::move(connection), Place(refusals_)));
  }
}

async::Task<> Server::Listener::accept_all() {
  while (true) {
    co_await watched_.async_wait(boost::asio::posix::descriptor_base::wait_read, boost::asio::use_awaitable);
    for (int count = 0; count < most_accepted_at_once && accept_one(); ++count) {
    }
    if (starved_) {
      co_await async::pause_for(Milliseconds{100});
    }
  }
}

async::Task<> Server::Listener::serve() { return async::always(accept_all(), close()); }

async::Task<> Server::Listener::close() {
  watched_.close();
  if (!co_await tasks_.stop(settings_.shutdown_limit)) {
    log_(std::to_string(tasks_.size()) + " connections did not end in time");
  }
}

Server::Server(async::Executor executor, Settings settings, const Router& router, FaultHandler on_fault,
               std::function<void(std::string)> log)
    : listener_(std::make_unique<Listener>(std::move(executor), std::move(settings), router, std::move(on_fault),
                                           std::move(log))) {}

Server::~Server() = default;

void Server::listen() { listener_->listen(); }

std::uint16_t Server::port() const { return listener_->port(); }

std::size_t Server::connections() const { return listener_->connections(); }

async::Task<> Server::serve() { return listener_->serve(); }

}  // namespace berth::http
