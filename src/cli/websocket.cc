// SPDX-License-Identifier: Apache-2.0
#include "cli/websocket.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <optional>

#include "cli/any_stream.h"
#include "cli/api_client.h"

namespace berth::cli {
namespace {

namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr std::size_t longest_message = 1024 * 1024;
constexpr Seconds connect_limit{15};
// Half of it without a word and we ping; all of it, and the connection is dead.
constexpr Seconds idle_limit{30};

// The connection itself. Its operations share its ownership (shared_ptr), because they end only after the WebSocket
// that started them may have been destroyed.
class Wire final : public std::enable_shared_from_this<Wire> {
 public:
  Wire(asio::io_context& context, const Endpoint& endpoint, WebSocket::Callbacks callbacks)
      : endpoint_(endpoint), callbacks_(std::move(callbacks)), stream_(context, endpoint), limit_(context) {}

  void start(const std::string& target, const Secret& token) {
    limit_.expires_after(connect_limit);
    limit_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) {
        self->stream_.next_layer().close();
      }
    });
    asio::co_spawn(stream_.get_executor(), run(shared_from_this(), target, token.reveal()), asio::detached);
  }

  void send(WebSocket::Kind kind, std::string message) {
    queue_.emplace_back(kind, std::move(message));
    if (open_ && queue_.size() == 1) {
      write_next();
    }
  }

  void abandon() {
    callbacks_ = {};
    limit_.cancel();
    stream_.next_layer().close();
  }

 private:
  static asio::awaitable<void> run(std::shared_ptr<Wire> self, std::string target, std::string token) {
    websocket::response_type answer;
    bool refused = false;
    std::optional<Error> why;
    try {
      co_await self->handshake(target, token, answer);
      self->opened();
      co_await self->read();
    } catch (const boost::system::system_error& fault) {
      refused = fault.code() == websocket::error::upgrade_declined;
      const std::string url = self->endpoint_.url();
      why = refused ? error_of(answer.result_int(), std::string(std::string_view(answer.reason())),
                               std::string_view(answer[boost::beast::http::field::content_type]), answer.body(), url)
                    : Error(ErrorKind::unavailable,
                            "the connection to " + url + " broke off (" + fault.code().message() + ")");
    }
    self->ended(refused, *why);
  }

  asio::awaitable<void> handshake(const std::string& target, const std::string& token,
                                  websocket::response_type& answer) {
    co_await stream_.next_layer().connect();
    stream_.set_option(websocket::stream_base::timeout{
        .handshake_timeout = connect_limit, .idle_timeout = idle_limit, .keep_alive_pings = true});
    stream_.set_option(websocket::stream_base::decorator([&token](websocket::request_type& request) {
      request.set(boost::beast::http::field::authorization, "Bearer " + token);
      request.set(boost::beast::http::field::sec_websocket_protocol, "berth.v1");
      request.set(boost::beast::http::field::user_agent, "berth/" BERTH_VERSION);
    }));
    stream_.read_message_max(longest_message);
    co_await stream_.async_handshake(answer, endpoint_.authority(), endpoint_.base_path + target, asio::use_awaitable);
  }

  void opened() {
    limit_.cancel();
    open_ = true;
    if (!queue_.empty()) {
      write_next();
    }
  }

  asio::awaitable<void> read() {
    boost::beast::flat_buffer buffer;
    while (true) {
      co_await stream_.async_read(buffer, asio::use_awaitable);
      const auto bytes = buffer.cdata();
      // A copy: the callback may let go of this connection, and of its callbacks.
      if (const auto on_message = callbacks_.on_message) {
        on_message(stream_.got_text() ? WebSocket::Kind::text : WebSocket::Kind::binary,
                   {static_cast<const char*>(bytes.data()), bytes.size()});
      }
      buffer.clear();
    }
  }

  void write_next() {
    stream_.text(queue_.front().first == WebSocket::Kind::text);
    stream_.async_write(asio::buffer(queue_.front().second),
                        [self = shared_from_this()](error_code fault, std::size_t) {
                          if (fault) {
                            return;  // the reading side ends with it and reports
                          }
                          self->queue_.pop_front();
                          if (!self->queue_.empty()) {
                            self->write_next();
                          }
                        });
  }

  void ended(bool refused, const Error& why) {
    limit_.cancel();
    if (const auto on_closed = std::exchange(callbacks_, {}).on_closed) {
      on_closed(refused, why);
    }
  }

  Endpoint endpoint_;
  WebSocket::Callbacks callbacks_;
  websocket::stream<AnyStream, false> stream_;
  asio::steady_timer limit_;
  std::deque<std::pair<WebSocket::Kind, std::string>> queue_;
  bool open_ = false;
};

class OpenWebSocket final : public WebSocket {
 public:
  explicit OpenWebSocket(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~OpenWebSocket() override { wire_->abandon(); }
  void send(Kind kind, std::string message) override { wire_->send(kind, std::move(message)); }

 private:
  std::shared_ptr<Wire> wire_;
};

}  // namespace

std::unique_ptr<WebSocket> open_websocket(asio::io_context& context, const Endpoint& endpoint,
                                          const std::string& target, const Secret& token,
                                          WebSocket::Callbacks callbacks) {
  auto wire = std::make_shared<Wire>(context, endpoint, std::move(callbacks));
  wire->start(target, token);
  return std::make_unique<OpenWebSocket>(std::move(wire));
}

}  // namespace berth::cli
