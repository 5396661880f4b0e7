// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/protocol.h"

#include <libssh/libssh.h>
#include <libssh/server.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include "base/error.h"
#include "doors/ssh/protocol_connection.h"
#include "doors/ssh/report_queue.h"

namespace berth::doors::ssh {
namespace {

constexpr std::uint64_t wake_mark = 0;  // no connection's number

// What current clients speak, without anything of SHA-1, CBC or DSA.
constexpr const char* key_exchanges =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512";
constexpr const char* ciphers =
    "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr";
constexpr const char* macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";
constexpr const char* client_keys =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
constexpr int least_rsa_bits = 2048;

struct FreeBind {
  void operator()(ssh_bind bind) const { ssh_bind_free(bind); }
};
using Bind = std::unique_ptr<ssh_bind_struct, FreeBind>;

Bind make_bind(const HostKey& key) {
  Bind bind(ssh_bind_new());
  const bool no_files = false;
  const auto set = [&](ssh_bind_options_e option, const void* value) {
    if (ssh_bind_options_set(bind.get(), option, value) != SSH_OK) {
      throw Error(ErrorKind::internal, std::string("libssh refuses a setting: ") + ssh_get_error(bind.get()));
    }
  };
  set(SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_files);
  set(SSH_BIND_OPTIONS_KEY_EXCHANGE, key_exchanges);
  set(SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers);
  set(SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers);
  set(SSH_BIND_OPTIONS_HMAC_C_S, macs);
  set(SSH_BIND_OPTIONS_HMAC_S_C, macs);
  set(SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, client_keys);
  set(SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, "ssh-ed25519");
  set(SSH_BIND_OPTIONS_RSA_MIN_SIZE, &least_rsa_bits);
  set(SSH_BIND_OPTIONS_IMPORT_KEY, key.copy());
  return bind;
}

}  // namespace

class Protocol::Thread {
 public:
  Thread(async::Executor executor, const HostKey& key, Listener listener)
      : bind_(make_bind(key)),
        reports_(std::make_shared<ReportQueue>(std::move(executor), std::move(listener))),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event interest{.events = EPOLLIN, .data = {.u64 = wake_mark}};
    if (!poll_ || !wake_ || ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, wake_.get(), &interest) != 0) {
      throw Error(ErrorKind::unavailable, "the SSH door has no descriptors left; raise berthd's LimitNOFILE");
    }
    thread_ = std::thread([this] { run(); });
  }

  ~Thread() {
    reports_->close();
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake();
    thread_.join();
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void give(ConnectionNumber connection, Order order) {
    {
      const std::scoped_lock lock(mutex_);
      orders_.emplace_back(connection, std::move(order));
    }
    wake();
  }

 private:
  using Orders = std::vector<std::pair<ConnectionNumber, Order>>;

  void wake() { ::eventfd_write(wake_.get(), 1); }
  void run();
  // Whether to go on.
  bool obey_all();
  void obey(ConnectionNumber number, Order order);
  void adopt(ConnectionNumber number, Descriptor socket);
  void wait();
  void serve(ConnectionNumber number);
  void watch(ConnectionNumber number, ProtocolConnection& connection);

  Bind bind_;
  std::shared_ptr<ReportQueue> reports_;  // shared with handlers on the event thread
  Descriptor poll_;
  Descriptor wake_;
  std::map<ConnectionNumber, std::unique_ptr<ProtocolConnection>> connections_;  // of the thread
  std::set<ConnectionNumber> ready_;                                             // of the thread: to be served now
  std::mutex mutex_;
  Orders orders_;
  bool stopping_ = false;
  std::thread thread_;
};

void Protocol::Thread::run() {
  while (obey_all()) {
    for (const ConnectionNumber number : std::exchange(ready_, {})) {
      serve(number);
    }
    wait();
  }
  connections_.clear();
}

bool Protocol::Thread::obey_all() {
  Orders orders;
  {
    const std::scoped_lock lock(mutex_);
    orders.swap(orders_);
    if (stopping_) {
      return false;
    }
  }
  for (auto& [number, order] : orders) {
    obey(number, std::move(order));
  }
  return true;
}

void Protocol::Thread::obey(ConnectionNumber number, Order order) {
  if (auto* adopted = std::get_if<Adopt>(&order)) {
    adopt(number, std::move(adopted->socket));
    return;
  }
  const auto found = connections_.find(number);
  if (found != connections_.end()) {
    found->second->obey(std::move(order));
    ready_.insert(number);
  }
}

void Protocol::Thread::adopt(ConnectionNumber number, Descriptor socket) {
  auto connection = std::make_unique<ProtocolConnection>(
      bind_.get(), std::move(socket), [this, number](Report report) { reports_->add(number, std::move(report)); });
  epoll_event nothing{.events = 0, .data = {.u64 = number}};
  if (connection->ended() || ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, connection->descriptor(), &nothing) != 0) {
    reports_->add(number, Disconnected{});
    return;
  }
  connections_[number] = std::move(connection);
  ready_.insert(number);
}

void Protocol::Thread::wait() {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), ready_.empty() ? -1 : 0);
  for (int index = 0; index < count; ++index) {
    const std::uint64_t mark = events[static_cast<std::size_t>(index)].data.u64;
    if (mark != wake_mark) {
      ready_.insert(mark);
      continue;
    }
    eventfd_t times = 0;
    ::eventfd_read(wake_.get(), &times);
  }
}

void Protocol::Thread::serve(ConnectionNumber number) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) {
    return;
  }
  found->second->step();
  if (found->second->ended()) {
    connections_.erase(found);
    reports_->add(number, Disconnected{});
    return;
  }
  watch(number, *found->second);
}

void Protocol::Thread::watch(ConnectionNumber number, ProtocolConnection& connection) {
  epoll_event interest{.events = connection.interest(), .data = {.u64 = number}};
  ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, connection.descriptor(), &interest);
  if (connection.has_more()) {
    ready_.insert(number);
  }
}

Protocol::Protocol(async::Executor executor, const HostKey& key, Listener listener)
    : thread_(std::make_unique<Thread>(std::move(executor), key, std::move(listener))) {}
Protocol::~Protocol() = default;

void Protocol::give(ConnectionNumber connection, Order order) { thread_->give(connection, std::move(order)); }

}  // namespace berth::doors::ssh
