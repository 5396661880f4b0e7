// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "async/trigger.h"
#include "base/error.h"

namespace berth::http {
namespace {

namespace websocket = boost::beast::websocket;
using boost::asio::redirect_error;
using boost::asio::use_awaitable;
using boost::asio::ip::tcp;
using Fault = boost::system::error_code;
using Clock = std::chrono::steady_clock;

// Small enough that a slow but living peer takes one within the write limit.
constexpr std::size_t frame_size = 16 * 1024;
constexpr std::size_t most_read_at_once = 64 * 1024;

tcp::socket adopt(const async::Executor& executor, Descriptor socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return {executor, address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket.release()};
}

// The connection itself. Beast's operations break it when they are cancelled, so they belong to tasks of their own, and
// callers only wait for these. Shared by those tasks and the WebSocket, whichever ends last.
class Channel {
 public:
  Channel(async::TaskGroup& tasks, Descriptor socket, WebSocketLimits limits);

  async::Task<> accept(WebSocketHandshake handshake);
  async::Task<> read_one();
  async::Task<> write_one();
  async::Task<> ping();
  async::Task<std::optional<WebSocket::Message>> receive();
  async::Task<> send(bool binary, std::string data);
  async::Task<> close(std::uint16_t code, std::string reason);

  // Waits half the idle limit. Whether it is time for a ping; a peer that is silent for the whole of it is cut off.
  async::Task<bool> listen_for_life();
  // After the end: leaves both sides time to say goodbye, to a limit.
  async::Task<> outlast_goodbye();
  bool over() const { return closed_ || closing_ || fault_; }
  void fail(ErrorKind kind, const char* what);
  void abandon();

 private:
  // RFC 6455, 7.1.2: `waiting` for the peer's after ours, or `answering`, which Beast does within its read.
  enum class Goodbye { none, waiting, answering, done };
  bool in_goodbye() const { return goodbye_ == Goodbye::waiting || goodbye_ == Goodbye::answering; }
  async::Task<> say_goodbye(websocket::close_reason reason);
  async::Task<> send_goodbye(websocket::close_reason reason);
  async::Task<> write_frame(bool last, std::string_view bytes);
  void hear(websocket::frame_type type);
  void end(const Fault& fault);
  void hang_up();
  void check_open() const;

  websocket::stream<tcp::socket, false> beast_;
  WebSocketLimits limits_;
  std::optional<WebSocket::Message> received_;
  std::optional<WebSocket::Message> sending_;
  std::uint64_t queued_ = 0;
  std::uint64_t written_ = 0;
  async::Trigger changed_;
  async::Trigger ended_;
  std::optional<Error> fault_;
  bool closed_ = false;
  bool closing_ = false;
  Goodbye goodbye_ = Goodbye::none;
  bool reading_ = false;
  Clock::time_point heard_ = Clock::now();
};

Channel::Channel(async::TaskGroup& tasks, Descriptor socket, WebSocketLimits limits)
    : beast_(adopt(tasks.executor(), std::move(socket))),
      limits_(limits),
      changed_(tasks.executor()),
      ended_(tasks.executor()) {
  // Beast would count a peer as dead while nobody reads; only its closing keeps Beast's limit.
  beast_.set_option(websocket::stream_base::timeout{limits.close, websocket::stream_base::none(), false});
  beast_.auto_fragment(false);
  beast_.read_message_max(0);  // read_one() counts, to be able to say so
  beast_.control_callback([this](websocket::frame_type type, boost::beast::string_view) { hear(type); });
}

async::Task<> Channel::accept(WebSocketHandshake handshake) {
  namespace http = boost::beast::http;
  http::request<http::empty_body> request(http::verb::get, "/", 11);
  request.set(http::field::host, "checked");
  request.set(http::field::connection, "upgrade");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, handshake.key);
  beast_.set_option(websocket::stream_base::decorator([handshake](websocket::response_type& response) {
    response.set(http::field::server, "berth");  // or Beast sets its name and version
    if (!handshake.subprotocol.empty()) {
      response.set(http::field::sec_websocket_protocol, handshake.subprotocol);
    }
  }));
  Fault fault;
  co_await beast_.async_accept(request, redirect_error(use_awaitable, fault));
  if (fault) {
    throw Error(ErrorKind::unavailable, "the client has gone away");
  }
}

async::Task<> Channel::read_one() {
  while (received_ && !over()) {
    co_await changed_.wait();
  }
  if (over()) {
    co_return;
  }
  boost::beast::flat_buffer buffer;
  reading_ = true;
  heard_ = Clock::now();
  do {
    Fault fault;
    co_await beast_.async_read_some(buffer, most_read_at_once, redirect_error(use_awaitable, fault));
    heard_ = Clock::now();
    if (fault) {
      end(fault);
      co_return;
    }
    if (buffer.size() > limits_.max_message) {
      fail(ErrorKind::too_large, "a message is too large");
      co_await say_goodbye(websocket::close_reason(websocket::close_code::too_big));
      co_return;
    }
  } while (!beast_.is_message_done());
  reading_ = false;
  received_ = WebSocket::Message{beast_.got_binary(), boost::beast::buffers_to_string(buffer.data())};
  changed_.fire();
}

async::Task<> Channel::write_one() {
  while (!sending_ && !over()) {
    co_await changed_.wait();
  }
  if (over()) {
    co_return;
  }
  const std::string_view data = sending_->data;
  beast_.binary(sending_->binary);
  std::size_t at = 0;
  do {
    const std::string_view piece = data.substr(at, frame_size);
    at += piece.size();
    const char* failure = "the client takes nothing";
    try {
      if (co_await async::finishes_within(write_frame(at == data.size(), piece), limits_.write)) {
        failure = nullptr;
      }
    } catch (const boost::system::system_error&) {
      failure = "the client has gone away";
    }
    if (failure) {
      fail(ErrorKind::unavailable, failure);
      hang_up();
      co_return;
    }
  } while (at < data.size());
  sending_.reset();
  ++written_;
  changed_.fire();
}

async::Task<> Channel::write_frame(bool last, std::string_view bytes) {
  co_await beast_.async_write_some(last, boost::asio::const_buffer(bytes.data(), bytes.size()), use_awaitable);
}

async::Task<bool> Channel::listen_for_life() {
  if (co_await ended_.wait_for(limits_.idle / 2) || !reading_ || over()) {
    co_return false;
  }
  const auto silence = Clock::now() - heard_;
  if (silence >= limits_.idle) {
    fail(ErrorKind::timed_out, "the client does not answer");
    hang_up();
    co_return false;
  }
  co_return silence >= limits_.idle / 2;
}

async::Task<> Channel::ping() {
  Fault ignored;
  co_await beast_.async_ping({}, redirect_error(use_awaitable, ignored));
}

void Channel::check_open() const {
  if (fault_) {
    throw Error(*fault_);
  }
  if (over()) {
    throw Error(ErrorKind::unavailable, "the WebSocket is closed");
  }
}

async::Task<std::optional<WebSocket::Message>> Channel::receive() {
  while (!received_ && !over()) {
    co_await changed_.wait();
  }
  if (received_) {
    auto message = std::exchange(received_, std::nullopt);
    changed_.fire();
    co_return message;
  }
  if (fault_) {
    throw Error(*fault_);
  }
  co_return std::nullopt;
}

async::Task<> Channel::send(bool binary, std::string data) {
  while (sending_ && !over()) {
    co_await changed_.wait();  // for what a cancelled call left
  }
  check_open();
  sending_ = WebSocket::Message{binary, std::move(data)};
  const std::uint64_t number = ++queued_;
  changed_.fire();
  while (written_ < number && !over()) {
    co_await changed_.wait();
  }
  if (written_ < number) {
    check_open();
  }
}

async::Task<> Channel::close(std::uint16_t code, std::string reason) {
  while (sending_ && !over()) {
    co_await changed_.wait();
  }
  if (over()) {
    co_return;
  }
  closing_ = true;
  reason.resize(std::min<std::size_t>(reason.size(), 120));  // RFC 6455, 5.5: 123 bytes
  co_await say_goodbye(websocket::close_reason(static_cast<websocket::close_code>(code), reason));
}

async::Task<> Channel::say_goodbye(websocket::close_reason reason) {
  goodbye_ = Goodbye::waiting;
  co_await async::race(send_goodbye(std::move(reason)), outlast_goodbye());
  goodbye_ = Goodbye::done;
  closed_ = true;
  hang_up();
}

async::Task<> Channel::send_goodbye(websocket::close_reason reason) {
  Fault ignored;
  co_await beast_.async_close(reason, redirect_error(use_awaitable, ignored));
}

async::Task<> Channel::outlast_goodbye() {
  const auto deadline = Clock::now() + limits_.close;
  try {
    while (in_goodbye() && Clock::now() < deadline) {
      co_await ended_.wait_for(std::chrono::ceil<Milliseconds>(deadline - Clock::now()));
    }
  } catch (...) {
    hang_up();
    throw;
  }
  hang_up();  // Beast would go on until the peer closes; not every operation of it can be cancelled
}

// A ping, a pong or the peer's goodbye. Beast answers by itself, within the read that heard it.
void Channel::hear(websocket::frame_type type) {
  heard_ = Clock::now();
  if (type == websocket::frame_type::close) {
    goodbye_ = goodbye_ == Goodbye::none ? Goodbye::answering : Goodbye::done;
    closed_ = true;
    changed_.fire();
    ended_.fire();
  }
}

// The reader's end.
void Channel::end(const Fault& fault) {
  const bool protocol = fault.category() == make_error_code(websocket::error::closed).category();
  if (!over() && protocol && fault != websocket::error::closed) {
    fail(ErrorKind::invalid_argument, "the client breaks the WebSocket protocol");
  }
  closed_ = true;
  goodbye_ = Goodbye::done;
  hang_up();
}

void Channel::fail(ErrorKind kind, const char* what) {
  if (!over()) {
    fault_.emplace(kind, what);
  }
  changed_.fire();
  ended_.fire();
}

void Channel::hang_up() {
  Fault ignored;
  beast_.next_layer().close(ignored);
  changed_.fire();
  ended_.fire();
}

void Channel::abandon() {
  fail(ErrorKind::unavailable, "the WebSocket is gone");
  if (!in_goodbye() || closing_) {  // a close() that was cancelled is no reason to wait
    hang_up();
  }
}

async::Task<> read_all(std::shared_ptr<Channel> channel) {
  while (!channel->over()) {
    co_await channel->read_one();
  }
}

async::Task<> write_all(std::shared_ptr<Channel> channel) {
  while (!channel->over()) {
    co_await channel->write_one();
  }
}

async::Task<> ping_once(std::shared_ptr<Channel> channel) { co_await channel->ping(); }

async::Task<> keep_alive(std::shared_ptr<Channel> channel, async::TaskGroup& tasks) {
  while (!channel->over()) {
    if (co_await channel->listen_for_life()) {
      tasks.spawn(ping_once(channel));  // it waits while a message is being written, which may be for long
    }
  }
  co_await channel->outlast_goodbye();
}

class Accepted final : public WebSocket {
 public:
  explicit Accepted(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  Accepted(const Accepted&) = delete;
  Accepted& operator=(const Accepted&) = delete;
  ~Accepted() override { channel_->abandon(); }

  async::Task<std::optional<Message>> receive() override { return channel_->receive(); }
  async::Task<> send(bool binary, std::string data) override { return channel_->send(binary, std::move(data)); }
  async::Task<> close(int code, std::string reason) override {
    return channel_->close(static_cast<std::uint16_t>(code), std::move(reason));
  }

 private:
  std::shared_ptr<Channel> channel_;
};

}  // namespace

async::Task<std::unique_ptr<WebSocket>> open_websocket(async::TaskGroup& tasks, Descriptor socket,
                                                       WebSocketHandshake handshake, WebSocketLimits limits) {
  auto channel = std::make_shared<Channel>(tasks, std::move(socket), limits);
  co_await channel->accept(std::move(handshake));
  tasks.spawn(read_all(channel));
  tasks.spawn(write_all(channel));
  tasks.spawn(keep_alive(channel, tasks));
  co_return std::make_unique<Accepted>(channel);
}

}  // namespace berth::http
