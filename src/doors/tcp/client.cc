// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "async/time_limit.h"
#include "doors/tcp/proxy_protocol.h"

namespace berth::doors::tcp {
namespace {

namespace asio = boost::asio;

constexpr Milliseconds first_look_again{1};
constexpr Milliseconds longest_look_again{100};

}  // namespace

NetworkAddress peer_of(const asio::ip::tcp::socket& socket) {
  boost::system::error_code fault;
  const auto peer = socket.remote_endpoint(fault);
  if (fault) {
    return {};
  }
  return peer.address().is_v4() ? NetworkAddress::from_ipv4(peer.address().to_v4().to_bytes())
                                : NetworkAddress::from_ipv6(peer.address().to_v6().to_bytes());
}

Client::Client(Socket socket, NetworkAddress address) : socket_(std::move(socket)), address_(address) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
}

void Client::rethrow_as_gone(const boost::system::system_error& fault) const {
  if (fault.code() == asio::error::operation_aborted && socket_.is_open()) {
    throw fault;  // cancelled
  }
  throw Error(ErrorKind::unavailable, "the client is gone");
}

async::Task<std::string> Client::read_exactly(std::size_t length) {
  std::string bytes(length, '\0');
  try {
    co_await asio::async_read(socket_, asio::buffer(bytes), asio::use_awaitable);
  } catch (const boost::system::system_error& fault) {
    rethrow_as_gone(fault);
  }
  co_return bytes;
}

// The socket stays readable while the bytes lie there, so what comes behind them is looked for now and then.
async::Task<std::string> Client::peek(std::size_t known, std::size_t most) {
  std::string bytes(most, '\0');
  for (Milliseconds pause = first_look_again;; pause = std::min(pause * 2, longest_look_again)) {
    try {
      co_await socket_.async_wait(Socket::wait_read, asio::use_awaitable);
    } catch (const boost::system::system_error& fault) {
      rethrow_as_gone(fault);
    }
    const ssize_t count = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
      throw Error(ErrorKind::unavailable, "the client is gone");
    }
    if (count > 0 && static_cast<std::size_t>(count) > known) {
      bytes.resize(static_cast<std::size_t>(count));
      co_return bytes;
    }
    co_await async::pause_for(pause);
  }
}

async::Task<> Client::drop(std::size_t length) { co_await read_exactly(length); }

async::Task<std::string> Client::read_line(std::size_t longest) {
  std::size_t known = 0;
  for (;;) {
    const std::string bytes = co_await peek(known, longest + 2);
    const std::size_t end = bytes.find('\n');
    if (end != std::string::npos) {
      co_await drop(end + 1);
      co_return bytes.substr(0, end > 0 && bytes[end - 1] == '\r' ? end - 1 : end);
    }
    if (bytes.size() > longest) {
      throw Error(ErrorKind::too_large, "the line is too long");
    }
    known = bytes.size();
  }
}

async::Task<> Client::read_proxy_header() {
  std::size_t known = 0;
  for (;;) {
    const std::string bytes = co_await peek(known, known < longest_text_header ? 4096 : longest_proxy_header);
    if (const auto header = tcp::read_proxy_header(bytes)) {
      co_await drop(header->length);
      address_ = header->address.value_or(address_);
      co_return;
    }
    known = bytes.size();
  }
}

async::Task<> Client::write(std::string bytes) {
  try {
    co_await asio::async_write(socket_, asio::buffer(bytes), asio::use_awaitable);
  } catch (const boost::system::system_error& fault) {
    rethrow_as_gone(fault);
  }
}

async::Task<> Client::broken() {
  try {
    co_await socket_.async_wait(Socket::wait_error, asio::use_awaitable);
  } catch (const boost::system::system_error& fault) {
    rethrow_as_gone(fault);
  }
}

void Client::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Descriptor Client::release() { return Descriptor(socket_.release()); }

}  // namespace berth::doors::tcp
