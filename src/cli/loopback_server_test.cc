// SPDX-License-Identifier: Apache-2.0
#include "cli/loopback_server.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <condition_variable>
#include <csignal>
#include <list>

#include "base/described.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

constexpr Seconds longest_test{40};

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;

SeenRequest seen_from(const http::request<http::string_body>& request) {
  SeenRequest seen{.method = std::string(std::string_view(request.method_string())),
                   .target = std::string(std::string_view(request.target())),
                   .body = request.body(),
                   .headers = {}};
  for (const auto& field : request) {
    std::string name(std::string_view(field.name_string()));
    std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::tolower(letter); });
    seen.headers[name] = std::string(std::string_view(field.value()));
  }
  return seen;
}

class Connection final : public ViewerConnection {
 public:
  Connection(tcp::socket& socket, SeenRequest request, const http::request<http::string_body>& upgrade)
      : request_(std::move(request)), stream_(socket) {
    stream_.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& response) { response.set(http::field::sec_websocket_protocol, "berth.v1"); }));
    stream_.accept(upgrade);
  }

  const SeenRequest& request() const override { return request_; }

  void send(const boost::json::object& message) override {
    stream_.text(true);
    stream_.write(asio::buffer(print_json(message)));
  }

  void send_output(int stream, std::string_view bytes) override {
    stream_.binary(true);
    stream_.write(asio::buffer(std::string(1, static_cast<char>(stream)).append(bytes)));
  }

  Message receive() override {
    while (true) {
      Message message = read();
      if (!note(message)) {
        return message;
      }
    }
  }

  void receive_control() override {
    while (!note(read())) {
    }
  }

 private:
  Message read() {
    boost::beast::flat_buffer buffer;
    stream_.read(buffer);
    return {.text = stream_.got_text(), .bytes = boost::beast::buffers_to_string(buffer.data())};
  }

  bool note(const Message& message) {
    const auto control = message.text ? parse_json(message.bytes) : boost::json::value();
    const std::string type = text_of(control, "type");
    if (type == "ack") {
      acknowledged = static_cast<std::uint64_t>(number_of(control, "offset").value());
    } else if (type == "resize") {
      resizes.push_back(std::to_string(number_of(control, "columns").value()) + "x" +
                        std::to_string(number_of(control, "rows").value()));
    }
    return type == "ack" || type == "resize";
  }

  SeenRequest request_;
  websocket::stream<tcp::socket&> stream_;
};

}  // namespace

// Accepts on one thread and serves each connection on one of its own.
class LoopbackServer::Listener {
 public:
  Listener(Answer answer, Serve serve)
      : answer_(std::move(answer)),
        serve_(std::move(serve)),
        acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        accepting_([this] { accept(); }),
        deadline_([this] { wait_for_end(); }) {}

  ~Listener() {
    end();
    deadline_.join();
    accepting_.join();
    for (auto& thread : threads_) {
      thread.join();
    }
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  std::vector<SeenRequest> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  // A test in which the two wait for each other fails instead of hanging.
  void wait_for_end() {
    std::unique_lock lock(mutex_);
    if (!ended_.wait_for(lock, longest_test, [this] { return is_ended_; })) {
      lock.unlock();
      end();
    }
  }

  void end() {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    ended_.notify_one();
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    for (auto& socket : sockets_) {
      ::shutdown(socket.native_handle(), SHUT_RDWR);
    }
  }

  void accept() {
    while (true) {
      boost::system::error_code fault;
      tcp::socket socket(context_);
      acceptor_.accept(socket, fault);
      if (fault) {
        return;
      }
      const std::lock_guard lock(mutex_);
      if (is_ended_) {
        return;
      }
      tcp::socket& kept = sockets_.emplace_back(std::move(socket));
      threads_.emplace_back([this, &kept] { serve_connection(kept); });
    }
  }

  void serve_connection(tcp::socket& socket) {
    try {
      boost::beast::flat_buffer buffer;
      while (serve_request(socket, buffer)) {
      }
    } catch (const std::exception&) {  // the client has gone
    }
    ::shutdown(socket.native_handle(), SHUT_RDWR);
  }

  bool serve_request(tcp::socket& socket, boost::beast::flat_buffer& buffer) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    http::read_header(socket, buffer, parser);
    if (websocket::is_upgrade(parser.get()) && serve_) {
      const auto seen = note(parser.get());
      Connection connection(socket, seen, parser.get());
      serve_(connection);
      return false;
    }
    const Reply early = parser.get().method() == http::verb::put ? answer_(seen_from(parser.get())) : Reply{};
    if (early.before_body) {
      respond(socket, early);
      return false;
    }
    http::read(socket, buffer, parser);
    const auto seen = note(parser.get());
    return respond(socket, answer_(seen));
  }

  SeenRequest note(const http::request<http::string_body>& request) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(seen_from(request));
    return seen_.back();
  }

  static bool respond(tcp::socket& socket, const Reply& reply) {
    http::response<http::string_body> response(static_cast<http::status>(reply.status), 11);
    response.set(http::field::content_type, reply.content_type);
    for (const auto& [name, value] : reply.headers) {
      response.set(name, value);
    }
    response.body() = reply.body;
    response.prepare_payload();
    if (!reply.cut) {
      http::write(socket, response);
      return true;
    }
    response.content_length(reply.body.size() + 1);
    http::response_serializer<http::string_body> serializer(response);
    http::write(socket, serializer);
    return false;
  }

  Answer answer_;
  Serve serve_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  mutable std::mutex mutex_;
  std::list<tcp::socket> sockets_;
  std::list<std::thread> threads_;
  std::vector<SeenRequest> seen_;
  bool is_ended_ = false;
  std::condition_variable ended_;
  std::thread accepting_;
  std::thread deadline_;
};

LoopbackServer::LoopbackServer(Answer answer, Serve serve)
    : listener_(std::make_unique<Listener>(std::move(answer), std::move(serve))) {}

LoopbackServer::~LoopbackServer() = default;

std::string LoopbackServer::url() const { return "http://127.0.0.1:" + std::to_string(listener_->port()); }

Access LoopbackServer::access(const std::string& token) const {
  return {.endpoint = parse_endpoint(url()), .token = Secret(token)};
}

std::vector<SeenRequest> LoopbackServer::seen() const { return listener_->seen(); }

Reply problem(unsigned status, const std::string& kind, const std::string& detail) {
  return {.status = status,
          .body = print_json(boost::json::object{
              {"type", "about:blank"}, {"title", ""}, {"status", status}, {"detail", detail}, {"kind", kind}}),
          .content_type = "application/problem+json",
          .headers = {}};
}

Collected::Collected() : file_(::memfd_create("collected", MFD_CLOEXEC)) {}

std::string Collected::text() const {
  std::string text(static_cast<std::size_t>(::lseek(file_.get(), 0, SEEK_END)), '\0');
  text.resize(static_cast<std::size_t>(::pread(file_.get(), text.data(), text.size(), 0)));
  return text;
}

Filled::Filled(std::string bytes) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorKind::unavailable, "no pipe");
  }
  read_ = Descriptor(ends[0]);
  writer_ = std::thread([end = Descriptor(ends[1]), bytes = std::move(bytes)] {
    // A reader may stop before the end; for this thread that is a failed write.
    sigset_t pipe_signal;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
    write_all(end.get(), bytes);
  });
}

Filled::~Filled() {
  read_.reset();  // a writer that nobody reads ends
  writer_.join();
}

}  // namespace berth::cli
