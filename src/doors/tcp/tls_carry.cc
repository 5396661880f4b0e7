// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/tls_carry.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <string>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "base/error.h"

namespace berth::doors::tcp {
namespace {

namespace asio = boost::asio;
using Inner = asio::local::stream_protocol::socket;

constexpr std::size_t longest_read = 65536;
// For a client to take the last bytes of a connection that has ended.
constexpr Seconds last_bytes_limit{10};

async::Task<> carry_in(TlsStream& stream, Inner& inner) {
  for (;;) {
    const std::string bytes = co_await stream.read();
    if (bytes.empty()) {
      ::shutdown(inner.native_handle(), SHUT_WR);
      co_return;
    }
    boost::system::error_code fault;
    co_await asio::async_write(inner, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, fault));
    if (fault == asio::error::operation_aborted) {
      throw boost::system::system_error(fault);
    }
    if (fault) {
      co_return;  // nobody there: what was said before still goes out
    }
  }
}

async::Task<std::string> read(Inner& inner) {
  for (;;) {
    co_await inner.async_wait(Inner::wait_read, asio::use_awaitable);
    std::string bytes;
    ssize_t count = 0;
    bytes.resize_and_overwrite(longest_read, [&](char* into, std::size_t room) {
      count = ::recv(inner.native_handle(), into, room, MSG_DONTWAIT);
      return count > 0 ? static_cast<std::size_t>(count) : 0;
    });
    if (count >= 0) {
      co_return bytes;
    }
    if (errno != EAGAIN && errno != EINTR) {
      throw Error(ErrorKind::unavailable, "the connection is broken");
    }
  }
}

async::Task<> carry_out(TlsStream& stream, Inner& inner) {
  for (;;) {
    std::string bytes = co_await read(inner);
    if (bytes.empty()) {
      co_return co_await stream.end();
    }
    co_await stream.write(std::move(bytes));
  }
}

// Returns when the other end of `inner` is closed, or both ways have ended.
async::Task<> hung_up(Inner& inner) { co_await inner.async_wait(Inner::wait_error, asio::use_awaitable); }

async::Task<> carry_in_while_wanted(TlsStream& stream, Inner& inner) {
  co_await async::race(carry_in(stream, inner), hung_up(inner));
}

async::Task<> no_longer_worth_it(TlsStream& stream, Inner& inner) {
  const auto too_late = [](Inner& of) -> async::Task<> {
    co_await hung_up(of);
    co_await async::pause_for(last_bytes_limit);
  };
  if (co_await async::race(stream.broken(), too_late(inner)) == 0) {
    throw Error(ErrorKind::unavailable, "the client is gone");
  }
}

}  // namespace

async::Task<> carry(TlsStream& stream, Inner inner) {
  try {
    co_await async::race(async::both(carry_in_while_wanted(stream, inner), carry_out(stream, inner)),
                         no_longer_worth_it(stream, inner));
    stream.close();
  } catch (const Error&) {
    stream.reset();
  }
}

}  // namespace berth::doors::tcp
