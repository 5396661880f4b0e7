// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests: a real server on a free port with its own event thread, and a client that sends the bytes it is told to.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "http/server.h"

namespace berth::http::testing {

// Waits are for events; this only ends a test that would hang.
constexpr timeval patience{.tv_sec = 20, .tv_usec = 0};

class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("the test server cannot be reached");
    }
  }

  // False once the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Everything to the end of the connection, orderly or not.
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(input_, {});
  }

  // To the end of `mark`; throws when the connection ends before.
  std::string read_to(std::string_view mark) {
    while (input_.find(mark) == std::string::npos) {
      if (!read_more()) {
        throw std::runtime_error("the connection ended after: " + input_);
      }
    }
    return take(input_.find(mark) + mark.size());
  }

  std::string read_exactly(std::size_t size) {
    while (input_.size() < size) {
      if (!read_more()) {
        throw std::runtime_error("the connection ended after: " + input_);
      }
    }
    return take(size);
  }

  // Header and body of an answer with a Content-Length.
  std::string read_answer() {
    std::string head = read_to("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? head : head + read_exactly(std::stoul(head.substr(at + 16)));
  }

  std::string ask(std::string_view request) {
    send(request);
    return read_answer();
  }

  void end_sending() { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.reset(); }
  // Vanishes without an orderly end.
  void reset() {
    const ::linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.reset();
  }
  // Whether the server ended the connection by an error.
  bool was_reset() const { return was_reset_; }

 private:
  bool read_more() {
    char bytes[16384];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      throw std::runtime_error("nothing came; so far: " + input_);
    }
    was_reset_ = was_reset_ || (count < 0 && errno == ECONNRESET);
    if (count > 0) {
      input_.append(bytes, static_cast<std::size_t>(count));
    }
    return count > 0;
  }

  std::string take(std::size_t size) {
    std::string taken = input_.substr(0, size);
    input_.erase(0, size);
    return taken;
  }

  Descriptor socket_;
  std::string input_;
  bool was_reset_ = false;
};

inline Response print_fault(const Exchange&, const Error& error, std::optional<int> status) {
  const int by_kind = error.kind() == ErrorKind::not_found          ? 404
                      : error.kind() == ErrorKind::invalid_argument ? 400
                                                                    : 500;
  return {.status = status.value_or(by_kind), .content_type = "text/plain", .body = error.what(), .headers = {}};
}

class TestServer {
 public:
  explicit TestServer(const Router& router, Settings settings = {})
      : server_(loop_.get_executor(), without_port(std::move(settings)), router, print_fault,
                [this](std::string line) { note(std::move(line)); }) {
    server_.listen();
    boost::asio::co_spawn(loop_, server_.serve(), boost::asio::bind_cancellation_slot(stop_.slot(), [](auto) {}));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~TestServer() { stop(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Cancels serve() and waits for its end.
  void stop() {
    if (thread_.joinable()) {
      boost::asio::post(loop_, [this] { stop_.emit(boost::asio::cancellation_type::terminal); });
      thread_.join();
    }
  }

  std::uint16_t port() const { return server_.port(); }
  Client connect() const { return Client(port()); }
  std::string log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  // On the event thread.
  std::size_t connections() {
    std::promise<std::size_t> count;
    boost::asio::post(loop_, [&] { count.set_value(server_.connections()); });
    return count.get_future().get();
  }

 private:
  static Settings without_port(Settings settings) {
    settings.port = 0;
    return settings;
  }
  void note(std::string line) {
    const std::lock_guard lock(mutex_);
    log_ += line + "\n";
  }

  boost::asio::io_context loop_{1};
  boost::asio::cancellation_signal stop_;
  mutable std::mutex mutex_;
  std::string log_;
  Server server_;
  std::thread thread_;
};

}  // namespace berth::http::testing
