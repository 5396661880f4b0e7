// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <string>

#include "async/task.h"
#include "doors/tcp/certificates.h"

namespace berth::doors::tcp {

// A client's connection under TLS. Lives on the thread of its socket; one task may read while another writes. Every
// task throws Error{unavailable} when the connection is broken or says what is no TLS.
class TlsStream {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  TlsStream(Socket socket, const Certificates& certificates);

  // The name the client asked for.
  async::Task<std::string> shake_hands();
  // What has come, at most 64 KiB. Empty: the client said that this was all.
  async::Task<std::string> read();
  async::Task<> write(std::string bytes);
  // Says that this was all; the client's bytes can still be read.
  async::Task<> end();
  // Returns when the connection is broken, and not when it has ended well.
  async::Task<> broken();
  // Whoever waits for the client wakes with an exception. The client is told nothing but what was written.
  void close();
  void reset();

 private:
  // Calls until OpenSSL needs no more of the socket. False: the client said that this was all.
  async::Task<bool> until_done(std::function<int()> call);
  async::Task<> wait_for(int want);

  Socket socket_;
  Ssl ssl_;
};

}  // namespace berth::doors::tcp
