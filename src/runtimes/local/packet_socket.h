// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/descriptor.h"

namespace berth::runtimes::local {

struct Packet {
  std::string bytes;
  std::vector<Descriptor> descriptors;  // all close-on-exec
};

// A connected unix SOCK_SEQPACKET socket on the event thread. Its faults are boost::system::system_error, the end of
// the connection among them (asio::error::eof). A cancelled send or receive moved either a whole packet or none.
class PacketSocket {
 public:
  PacketSocket(const async::Executor& executor, Descriptor socket);

  // Connects to the socket at `path`. Waits while the listener's queue is full.
  static async::Task<PacketSocket> connect(std::string path);

  // The next packet. Throws Error{too_large} when it is longer than `longest` or its descriptors do not fit.
  async::Task<Packet> receive(std::size_t longest);
  // Sends one packet, with `descriptor` unless it is negative; waits while the peer does not read.
  async::Task<> send(std::string_view bytes, int descriptor = -1);
  // Nothing has arrived, not even the end: the peer waits for us.
  bool is_quiet();

 private:
  async::Task<> take_turns();

  boost::asio::posix::stream_descriptor descriptor_;
  unsigned packets_ = 0;
};

}  // namespace berth::runtimes::local
