// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/local/packet_socket.h"
#include "wire/warden_protocol.h"

namespace berth::runtimes::local {

// One message of the warden.
struct WardenMessage {
  enum class Kind { result, progress, exited };
  Kind kind = Kind::result;
  boost::json::value value;
  std::vector<Descriptor> descriptors;
};

// One connection to the warden, which has said hello. After any exception but an Error the warden sent, or after a
// cancelled call, it is out of step: destroy it. Faults of the connection are Error{unavailable}.
class WardenConnection {
 public:
  static async::Task<WardenConnection> open(std::string socket_path);

  async::Task<> send(wire::Request request, int descriptor = -1);
  // Throws the Error that the warden sent in place of a result, or Error{internal} on a malformed message; then
  // is_in_step() tells the two apart.
  async::Task<WardenMessage> receive();
  bool is_in_step() const { return in_step_; }
  // Still connected, and with nothing to say before it is asked.
  bool is_usable() { return in_step_ && socket_.is_quiet(); }

 private:
  explicit WardenConnection(PacketSocket socket) : socket_(std::move(socket)) {}

  PacketSocket socket_;
  bool in_step_ = true;  // every request has had its answer
};

}  // namespace berth::runtimes::local
