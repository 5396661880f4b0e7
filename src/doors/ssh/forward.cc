// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/forward.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"

namespace berth::doors::ssh {
namespace {

using Stream = boost::asio::posix::stream_descriptor;

constexpr Seconds connect_limit{15};
constexpr std::size_t piece = 32U << 10;

bool is_loopback(const std::string& host) { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

async::Task<Descriptor> connect(Surroundings around, ForwardAsked asked) {
  const auto silence = [](std::string) -> async::Task<> { co_return; };
  const core::Instance instance = co_await around.destination.running(silence);
  if (!is_loopback(asked.host) && asked.host != instance.name && asked.host != instance.id.text()) {
    throw Error(ErrorKind::forbidden, "only the machine's own ports can be forwarded");
  }
  co_return co_await async::with_limit(around.services.instances.connect(around.caller, instance.id, asked.port),
                                       connect_limit, "the port does not answer");
}

async::Task<> from_client(Channel& channel, Stream& stream) {
  for (;;) {
    Channel::Item item = co_await channel.next();
    if (auto* input = std::get_if<Input>(&item)) {
      co_await boost::asio::async_write(stream, boost::asio::buffer(input->bytes), boost::asio::use_awaitable);
      channel.consumed(input->bytes.size());
    } else if (std::holds_alternative<InputEnded>(item)) {
      ::shutdown(stream.native_handle(), SHUT_WR);
      co_return;
    }
  }
}

async::Task<> to_client(Channel& channel, Stream& stream) {
  std::array<char, piece> bytes{};
  for (;;) {
    boost::system::error_code fault;
    const std::size_t length = co_await stream.async_read_some(
        boost::asio::buffer(bytes), boost::asio::redirect_error(boost::asio::use_awaitable, fault));
    if (fault == boost::asio::error::eof) {
      channel.end_output();
      co_return;
    }
    if (fault) {
      throw boost::system::system_error(fault);
    }
    co_await channel.write(wire::Stream::standard_output, std::string(bytes.data(), length));
  }
}

}  // namespace

async::Task<> serve_forward(Surroundings around, Channel& channel, ForwardAsked asked) {
  Descriptor connection;
  try {
    connection = co_await connect(around, std::move(asked));
  } catch (const Error&) {  // the client learns only that it was refused
  }
  channel.answer_forward(static_cast<bool>(connection));
  if (!connection) {
    co_return;
  }
  Stream stream(co_await boost::asio::this_coro::executor, connection.release());
  try {
    co_await async::both(from_client(channel, stream), to_client(channel, stream));
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) {
      throw;
    }
  }
  channel.finish({});
}

}  // namespace berth::doors::ssh
