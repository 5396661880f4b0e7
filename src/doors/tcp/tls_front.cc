// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/tls_front.h"

#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

#include "async/accept.h"
#include "async/time_limit.h"
#include "doors/tcp/client.h"
#include "doors/tcp/tls_carry.h"

namespace berth::doors::tcp {
namespace {

namespace asio = boost::asio;
using Protocol = asio::ip::tcp;

constexpr int backlog = 4096;

}  // namespace

TlsFront::TlsFront(async::Executor executor, TlsSettings settings, Welcome welcome, Log log)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      ears_(std::make_shared<Ears>(std::move(welcome), std::move(log))),
      certificates_(settings_.certificates),
      renewals_(certificates_, settings_.look_again, [this](const std::string& what) { tell(what); }),
      headers_(settings_.most_handshakes, settings_.most_handshakes),
      handshakes_(settings_.most_handshakes, settings_.most_handshakes_per_address),
      tasks_(loop_.get_executor(), [this](const std::string& what) { tell(what); }) {}

TlsFront::~TlsFront() { stop(); }

void TlsFront::listen() {
  boost::system::error_code fault;
  const auto address = asio::ip::make_address(settings_.host, fault);
  if (fault) {
    throw Error(ErrorKind::invalid_argument, "tls.listen has '" + settings_.host + "', which is no IP address");
  }
  try {
    const Protocol::endpoint endpoint(address, settings_.port);
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(Protocol::acceptor::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(backlog);
  } catch (const boost::system::system_error& refused) {
    throw Error(ErrorKind::unavailable, "cannot listen for TLS on " + settings_.host + " port " +
                                            std::to_string(settings_.port) + ": " + refused.code().message() +
                                            "; choose another tls.listen in the configuration");
  }
}

std::uint16_t TlsFront::port() const { return acceptor_.local_endpoint().port(); }

// The thread reads the names while it shakes hands.
void TlsFront::add(const std::string& name) {
  asio::post(loop_, [this, name] { certificates_.add(name); });
}

void TlsFront::start() {
  tasks_.spawn(async::accept_all(
      acceptor_, [this](Protocol::socket socket) { tasks_.spawn(serve_client(std::move(socket))); },
      [this](const std::string& what) { tell("TLS: " + what); }));
  tasks_.spawn(renewals_.follow());
  thread_ = std::jthread([this] {
    ::pthread_setname_np(::pthread_self(), "berth-tls");
    sigset_t all;
    sigfillset(&all);  // they are the event thread's, and OpenSSL writes without MSG_NOSIGNAL
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    loop_.run();
  });
}

// The thread ends when its tasks have: none of them waits for anything that cannot be cancelled, but for a look at
// files.
void TlsFront::stop() {
  if (thread_.joinable()) {
    asio::post(loop_, [this] { tasks_.cancel(); });
    thread_.join();
  }
  ears_.reset();
  acceptor_.close();
}

async::Task<> TlsFront::serve_client(Protocol::socket socket) {
  Visitor visitor{.address = peer_of(socket), .stream = {}};
  std::string name;
  try {
    name = co_await async::with_limit(greet(std::move(socket), visitor), settings_.handshake_limit,
                                      "no handshake in time");
  } catch (const Error&) {
    if (visitor.stream) {
      visitor.stream->close();
    }
    co_return;
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    visitor.stream->close();
    co_return tell("TLS has no descriptors left for a connection");
  }
  asio::local::stream_protocol::socket inner(loop_, asio::local::stream_protocol(), ends[0]);
  hand_over({.name = std::move(name), .connection = Descriptor(ends[1]), .address = visitor.address});
  co_await carry(*visitor.stream, std::move(inner));
}

// The name that was asked for.
async::Task<std::string> TlsFront::greet(TlsStream::Socket socket, Visitor& visitor) {
  if (settings_.proxy_protocol) {
    socket = co_await read_header(std::move(socket), visitor.address);
  }
  TlsStream& stream = visitor.stream.emplace(std::move(socket), certificates_);
  const auto place = handshakes_.enter(visitor.address.customer(), [&stream] { stream.close(); });
  co_return co_await stream.shake_hands();
}

// The connection behind the header of the PROXY protocol; the address is then what it says.
async::Task<TlsStream::Socket> TlsFront::read_header(TlsStream::Socket socket, NetworkAddress& address) {
  Client client(std::move(socket), address);
  const auto place = headers_.enter("", [&client] { client.close(); });
  co_await client.read_proxy_header();
  address = client.address();
  co_return client.take();
}

void TlsFront::hand_over(TlsArrival arrival) {
  asio::post(executor_, [ears = std::weak_ptr(ears_), arrival = std::move(arrival)]() mutable {
    if (const auto there = ears.lock()) {
      there->welcome(std::move(arrival));
    }
  });
}

void TlsFront::tell(const std::string& what) {
  asio::post(executor_, [ears = std::weak_ptr(ears_), what] {
    if (const auto there = ears.lock()) {
      there->log(what);
    }
  });
}

}  // namespace berth::doors::tcp
