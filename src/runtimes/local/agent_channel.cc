// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/agent_channel.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "base/error.h"
#include "runtimes/local/packet_socket.h"
#include "wire/agent_protocol.h"

namespace berth::runtimes::local {
namespace {

[[noreturn]] void rethrow_as_gone(const boost::system::system_error& fault) {
  if (fault.code() == boost::asio::error::operation_aborted) {
    throw fault;  // cancelled
  }
  throw Error(ErrorKind::unavailable, "the connection to the instance's agent has ended");
}

class SeqPacketChannel final : public core::AgentChannel {
 public:
  SeqPacketChannel(const async::Executor& executor, Descriptor socket) : socket_(executor, std::move(socket)) {}

  async::Task<std::string> receive() override {
    try {
      Packet packet = co_await socket_.receive(wire::max_frame);
      co_return std::move(packet.bytes);
    } catch (const boost::system::system_error& fault) {
      rethrow_as_gone(fault);
    } catch (const Error&) {
      throw Error(ErrorKind::instance_fault, "the agent sent a packet that is too long");
    }
  }

  async::Task<> send(std::string packet) override {
    try {
      co_await socket_.send(packet);
    } catch (const boost::system::system_error& fault) {
      rethrow_as_gone(fault);
    }
  }

 private:
  PacketSocket socket_;
};

}  // namespace

std::unique_ptr<core::AgentChannel> make_agent_channel(const async::Executor& executor, Descriptor socket) {
  return std::make_unique<SeqPacketChannel>(executor, std::move(socket));
}

}  // namespace berth::runtimes::local
