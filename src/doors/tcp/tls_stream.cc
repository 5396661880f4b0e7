// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/tls_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <utility>

#include "base/error.h"

namespace berth::doors::tcp {
namespace {

namespace asio = boost::asio;

constexpr std::size_t longest_read = 65536;
constexpr std::size_t most_discarded = 1 << 20;

[[noreturn]] void tell_broken() { throw Error(ErrorKind::unavailable, "the client is gone"); }

}  // namespace

TlsStream::TlsStream(Socket socket, const Certificates& certificates)
    : socket_(std::move(socket)), ssl_(certificates.greet(socket_.native_handle())) {
  if (!ssl_) {
    throw Error(ErrorKind::exhausted, "there is no memory for a connection");
  }
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(Socket::keep_alive(true), ignored);
}

async::Task<> TlsStream::wait_for(int want) {
  if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) {
    tell_broken();
  }
  const auto event = want == SSL_ERROR_WANT_READ ? Socket::wait_read : Socket::wait_write;
  boost::system::error_code fault;
  co_await socket_.async_wait(event, asio::redirect_error(asio::use_awaitable, fault));
  if (fault == asio::error::operation_aborted && socket_.is_open()) {
    throw boost::system::system_error(fault);  // cancelled
  }
  if (fault) {
    tell_broken();
  }
}

async::Task<bool> TlsStream::until_done(std::function<int()> call) {
  for (;;) {
    ::ERR_clear_error();
    const int result = call();
    if (result > 0) {
      co_return true;
    }
    const int want = ::SSL_get_error(ssl_.get(), result);
    if (want == SSL_ERROR_ZERO_RETURN) {
      co_return false;
    }
    co_await wait_for(want);
  }
}

async::Task<std::string> TlsStream::shake_hands() {
  if (!co_await until_done([this] { return ::SSL_do_handshake(ssl_.get()); })) {
    tell_broken();
  }
  co_return Certificates::name_of(*ssl_);
}

async::Task<std::string> TlsStream::read() {
  for (;;) {
    std::string bytes;
    int last = 0;
    ::ERR_clear_error();
    bytes.resize_and_overwrite(longest_read, [&](char* into, std::size_t room) {
      std::size_t filled = 0;
      std::size_t count = 0;
      while (filled < room && (last = ::SSL_read_ex(ssl_.get(), into + filled, room - filled, &count)) == 1) {
        filled += count;
      }
      return filled;
    });
    if (!bytes.empty()) {
      co_return bytes;  // what ended the loop will be said again
    }
    const int want = ::SSL_get_error(ssl_.get(), last);
    if (want == SSL_ERROR_ZERO_RETURN) {
      co_return bytes;
    }
    bytes.shrink_to_fit();  // nobody holds a buffer while nothing comes
    co_await wait_for(want);
  }
}

async::Task<> TlsStream::write(std::string bytes) {
  for (std::size_t written = 0; written < bytes.size();) {
    std::size_t count = 0;
    if (!co_await until_done(
            [&] { return ::SSL_write_ex(ssl_.get(), bytes.data() + written, bytes.size() - written, &count); })) {
      tell_broken();
    }
    written += count;
  }
}

async::Task<> TlsStream::end() {
  // 0: said, and not heard from the other side.
  co_await until_done([this] {
    const int result = ::SSL_shutdown(ssl_.get());
    return result == 0 ? 1 : result;
  });
  ::shutdown(socket_.native_handle(), SHUT_WR);
}

async::Task<> TlsStream::broken() {
  boost::system::error_code fault;
  co_await socket_.async_wait(Socket::wait_error, asio::redirect_error(asio::use_awaitable, fault));
  if (fault) {
    throw boost::system::system_error(fault);
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {  // the event was another one, such as the end of both ways
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
  }
}

void TlsStream::close() {
  if (!socket_.is_open()) {
    return;
  }
  ::shutdown(socket_.native_handle(), SHUT_WR);
  // Bytes nobody read would make the kernel send a reset, which may overtake what was written.
  std::array<char, 16384> unread;
  for (std::size_t discarded = 0; discarded < most_discarded;) {
    const ssize_t count = ::recv(socket_.native_handle(), unread.data(), unread.size(), MSG_DONTWAIT);
    if (count <= 0) {
      break;
    }
    discarded += static_cast<std::size_t>(count);
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void TlsStream::reset() {
  boost::system::error_code ignored;
  socket_.set_option(Socket::linger(true, 0), ignored);
  socket_.close(ignored);
}

}  // namespace berth::doors::tcp
