// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "async/task_group.h"
#include "base/descriptor.h"
#include "base/network_address.h"
#include "doors/tcp/certificates.h"
#include "doors/tcp/handshakes.h"
#include "doors/tcp/renewals.h"
#include "doors/tcp/tls_settings.h"
#include "doors/tcp/tls_stream.h"

namespace berth::doors::tcp {

// A client after its handshake. What is inside its TLS goes through `connection`.
struct TlsArrival {
  std::string name;
  Descriptor connection;
  NetworkAddress address;
};

// The address where clients speak TLS, on a thread of its own. Made, started and stopped on the event thread, where
// `welcome` and `log` are called; the destructor stops it, which closes its connections.
class TlsFront {
 public:
  using Welcome = std::function<void(TlsArrival)>;
  using Log = std::function<void(const std::string&)>;

  // Throws Error{invalid_argument} when a certificate is not right.
  TlsFront(async::Executor executor, TlsSettings settings, Welcome welcome, Log log);
  ~TlsFront();
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;

  // Throws Error{unavailable} with a sentence for the operator.
  void listen();
  std::uint16_t port() const;
  // Whether a certificate is for the name.
  bool covers(const std::string& name) const { return certificates_.cover(name); }
  // From now on clients who ask for the name are welcome; for good: who comes for one that is no more, `welcome` may
  // turn away.
  void add(const std::string& name);
  void start();
  void stop();

 private:
  struct Ears {
    Welcome welcome;
    Log log;
  };
  struct Visitor {
    NetworkAddress address;
    std::optional<TlsStream> stream;  // from the first byte of TLS on
  };

  // From here on, on the thread.
  async::Task<> serve_client(boost::asio::ip::tcp::socket socket);
  async::Task<std::string> greet(TlsStream::Socket socket, Visitor& visitor);
  async::Task<TlsStream::Socket> read_header(TlsStream::Socket socket, NetworkAddress& address);
  void hand_over(TlsArrival arrival);
  void tell(const std::string& what);

  async::Executor executor_;
  TlsSettings settings_;
  std::shared_ptr<Ears> ears_;  // shared: what is on its way to the event thread must not find them gone
  Certificates certificates_;
  Renewals renewals_;
  Handshakes headers_;  // those who have not told their address yet
  Handshakes handshakes_;
  boost::asio::io_context loop_{1};
  boost::asio::ip::tcp::acceptor acceptor_{loop_};
  async::TaskGroup tasks_;
  std::jthread thread_;
};

}  // namespace berth::doors::tcp
