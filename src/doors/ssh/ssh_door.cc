// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/ssh_door.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <utility>

#include "async/accept.h"
#include "async/always.h"
#include "async/task_group.h"
#include "doors/ssh/protocol.h"
#include "doors/ssh/visit.h"

namespace berth::doors::ssh {
namespace {

using boost::asio::ip::tcp;

constexpr Milliseconds stop_limit{5000};

void set_option(const Descriptor& socket, int level, int option, int value) {
  ::setsockopt(socket.get(), level, option, &value, sizeof value);
}

// The kernel finds out whether a silent client still exists.
void watch_peer(const Descriptor& socket, Seconds limit) {
  const int seconds = static_cast<int>(limit.count());
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, std::max(seconds / 3, 1));
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, std::max(seconds / 6, 1));
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
}

std::string why_not_bound(const boost::system::error_code& fault, const Settings& settings) {
  const std::string port = "port " + std::to_string(settings.port);
  if (fault == boost::asio::error::address_in_use) {
    return port + " of " + settings.address + " is taken by another program: choose another for SSH (ssh.listen)";
  }
  if (fault == boost::asio::error::access_denied) {
    return port + " is not for ordinary users: choose one above 1023 for SSH (ssh.listen)";
  }
  return "cannot listen for SSH on " + settings.address + " " + port + ": " + fault.message();
}

}  // namespace

class SshDoor::Listener {
 public:
  Listener(async::Executor executor, Services services, Settings settings)
      : executor_(executor),
        services_(std::move(services)),
        settings_(std::move(settings)),
        key_(settings_.key_file),
        admission_(settings_.limits, services_.clock),
        acceptor_(executor),
        tasks_(executor, [this](const std::string& what) { services_.log("ssh: a connection failed: " + what); }),
        protocol_(executor, key_, [this](ConnectionNumber number, Report report) { take(number, std::move(report)); }) {
  }

  void listen();
  std::uint16_t port() const { return settings_.port; }
  const std::string& fingerprint() const { return key_.fingerprint(); }
  async::Task<> serve();

 private:
  async::Task<> close();
  void admit(tcp::socket socket);
  async::Task<> serve_visit(ConnectionNumber number, std::string address);
  void take(ConnectionNumber number, Report report);

  async::Executor executor_;
  Services services_;
  Settings settings_;
  HostKey key_;
  Admission admission_;
  tcp::acceptor acceptor_;
  std::map<ConnectionNumber, std::unique_ptr<Visit>> visits_;
  ConnectionNumber next_ = 1;
  async::TaskGroup tasks_;
  Protocol protocol_;
};

void SshDoor::Listener::listen() {
  boost::system::error_code fault;
  const auto address = boost::asio::ip::make_address(settings_.address, fault);
  if (fault) {
    throw Error(ErrorKind::unavailable, "ssh.listen needs an IP address, not '" + settings_.address + "'");
  }
  const tcp::endpoint endpoint(address, settings_.port);
  const auto check = [&] {
    if (fault) {
      throw Error(ErrorKind::unavailable, why_not_bound(fault, settings_));
    }
  };
  acceptor_.open(endpoint.protocol(), fault);
  check();
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(endpoint, fault);
  check();
  acceptor_.listen(boost::asio::socket_base::max_listen_connections, fault);
  check();
  settings_.port = acceptor_.local_endpoint().port();
}

void SshDoor::Listener::admit(tcp::socket socket) {
  boost::system::error_code fault;
  const tcp::endpoint peer = socket.remote_endpoint(fault);
  if (fault) {
    return;
  }
  std::string address = admission_address(peer.address().to_string());
  if (!admission_.admit(address)) {
    return;  // closed before a byte was said
  }
  Descriptor descriptor(socket.release());
  watch_peer(descriptor, settings_.silence_limit);
  const ConnectionNumber number = next_++;
  visits_[number] = std::make_unique<Visit>(services_, settings_, executor_,
                                            [this, number](Order order) { protocol_.give(number, std::move(order)); });
  protocol_.give(number, Adopt{std::move(descriptor)});
  tasks_.spawn(serve_visit(number, std::move(address)));
}

async::Task<> SshDoor::Listener::serve_visit(ConnectionNumber number, std::string address) {
  bool known = false;
  std::exception_ptr fault;
  try {
    co_await visits_.at(number)->serve([&](bool new_guest) {
      known = true;
      admission_.welcome(address, new_guest);
    });
  } catch (...) {
    fault = std::current_exception();
  }
  known ? admission_.leave() : admission_.leave_stranger(address);
  visits_.erase(number);
  if (fault) {
    std::rethrow_exception(fault);
  }
}

void SshDoor::Listener::take(ConnectionNumber number, Report report) {
  const auto found = visits_.find(number);
  if (found != visits_.end()) {
    found->second->take(std::move(report));
  }
}

async::Task<> SshDoor::Listener::serve() {
  return async::always(async::accept_all(
                           acceptor_, [this](tcp::socket socket) { admit(std::move(socket)); },
                           [this](const std::string& what) { services_.log("ssh: " + what); }),
                       close());
}

async::Task<> SshDoor::Listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  if (!co_await tasks_.stop(stop_limit)) {
    services_.log("ssh: " + std::to_string(tasks_.size()) + " connections did not end in time");
  }
}

SshDoor::SshDoor(async::Executor executor, Services services, Settings settings)
    : listener_(std::make_unique<Listener>(std::move(executor), std::move(services), std::move(settings))) {}
SshDoor::~SshDoor() = default;

void SshDoor::listen() { listener_->listen(); }
std::uint16_t SshDoor::port() const { return listener_->port(); }
const std::string& SshDoor::fingerprint() const { return listener_->fingerprint(); }
async::Task<> SshDoor::serve() { return listener_->serve(); }

}  // namespace berth::doors::ssh
