// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <poll.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>

#include "base/error.h"
#include "cli/any_stream.h"

namespace berth::cli {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr Milliseconds connect_limit = Seconds{15};
constexpr Milliseconds write_limit = Seconds{60};  // for one piece: a server that takes nothing for that long hangs
constexpr std::size_t piece_size = 64 * 1024;

boost::beast::string_view view(std::string_view text) { return {text.data(), text.size()}; }

http::request<http::empty_body> head_of(const Endpoint& endpoint, const HttpRequest& request) {
  http::request<http::empty_body> head;
  head.method_string(view(request.method));
  head.target(view(endpoint.base_path + request.target));
  head.version(11);
  head.set(http::field::host, endpoint.authority());
  head.set(http::field::user_agent, "berth/" BERTH_VERSION);
  for (const auto& [name, value] : request.headers) {
    head.set(view(name), view(value));
  }
  if (request.source && !request.source_length) {
    head.set(http::field::transfer_encoding, "chunked");
  } else if (request.source) {
    head.content_length(*request.source_length);
  } else if (!request.body.empty() || request.method != "GET") {
    head.content_length(request.body.size());
  }
  return head;
}

}  // namespace

// One TCP connection and the exchange that is under way on it.
class HttpClient::Connection {
 public:
  explicit Connection(const Endpoint& endpoint) : endpoint_(endpoint), stream_(io_, endpoint) {}

  void open();
  // Whether the server has hung up, or says something unasked, since the last exchange.
  bool stale();
  bool used() const { return used_; }
  HttpAnswer exchange(const HttpRequest& request);
  std::size_t read_some(char* into, std::size_t size, std::optional<Milliseconds> limit);
  bool reusable() const { return parser_ && parser_->is_done() && parser_->keep_alive() && sent_whole_; }

 private:
  // Lets the operations under way go on until `done`; over the limit it closes the connection and throws.
  void run_until(const bool& done, std::optional<Milliseconds> limit, const char* doing);
  template <class Start>
  error_code complete(Milliseconds limit, const char* doing, Start start);
  void write(std::string_view bytes);
  void send_body(const HttpRequest& request);
  HttpAnswer read_head() const;
  [[noreturn]] void lost(const error_code& fault);

  Endpoint endpoint_;
  asio::io_context io_;
  AnyStream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  bool answered_ = false;  // the head of the answer is there, or will not come
  error_code answer_fault_;
  bool sent_whole_ = false;
  bool used_ = false;
};

void HttpClient::Connection::lost(const error_code& fault) {
  stream_.close();
  throw Error(ErrorKind::unavailable, "the connection to " + endpoint_.url() + " broke off (" + fault.message() +
                                          "); try again, and look whether berthd runs");
}

void HttpClient::Connection::run_until(const bool& done, std::optional<Milliseconds> limit, const char* doing) {
  using SteadyClock = std::chrono::steady_clock;
  const auto deadline = SteadyClock::now() + limit.value_or(Milliseconds{0});
  while (!done) {
    io_.restart();
    const std::size_t ran = limit ? io_.run_one_until(deadline) : io_.run_one();
    if (ran == 0 && !done) {
      stream_.close();
      io_.restart();
      io_.run();
      throw Error(ErrorKind::timed_out,
                  std::string(doing) + " " + endpoint_.url() + " took longer than " +
                      format_duration(std::chrono::ceil<Seconds>(limit.value_or(Milliseconds{0}))) + "; try again");
    }
  }
}

template <class Start>
error_code HttpClient::Connection::complete(Milliseconds limit, const char* doing, Start start) {
  bool done = false;
  error_code result;
  start([&](error_code fault, std::size_t) {
    done = true;
    result = fault;
  });
  run_until(done, limit, doing);
  return result;
}

void HttpClient::Connection::open() {
  bool done = false;
  std::exception_ptr failure;
  asio::co_spawn(io_, stream_.connect(), [&](std::exception_ptr thrown) {
    done = true;
    failure = thrown;
  });
  run_until(done, connect_limit, "connecting to");
  try {
    if (failure) {
      std::rethrow_exception(failure);
    }
  } catch (const boost::system::system_error& fault) {
    if (fault.code().category() == asio::error::get_ssl_category()) {
      throw Error(ErrorKind::unavailable,
                  "no trusted connection to " + endpoint_.url() + " (" + fault.code().message() +
                      "); if its certificate has an authority of your own, name that in SSL_CERT_FILE");
    }
    throw Error(ErrorKind::unavailable, "cannot reach Berth at " + endpoint_.url() + " (" + fault.code().message() +
                                            "); look whether berthd runs there, or set BERTH_URL");
  }
}

bool HttpClient::Connection::stale() {
  pollfd waiting{.fd = stream_.socket().native_handle(), .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 0) != 0;
}

void HttpClient::Connection::write(std::string_view bytes) {
  const error_code fault = complete(write_limit, "sending to", [&](auto handler) {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), handler);
  });
  if (fault && !answered_) {
    // A server that refuses may answer and hang up before it has read everything: the answer says more than the fault.
    run_until(answered_, Seconds{5}, "waiting for");
  }
  if (fault && answer_fault_) {
    lost(fault);
  }
}

void HttpClient::Connection::send_body(const HttpRequest& request) {
  if (!request.source) {
    if (!request.body.empty()) {
      write(request.body);
    }
    sent_whole_ = true;
    return;
  }
  std::string piece(piece_size, '\0');
  while (!answered_) {
    const std::size_t count = request.source(piece.data(), piece.size());
    const std::string_view bytes(piece.data(), count);
    if (request.source_length) {
      if (count > 0) {
        write(bytes);
      }
    } else {
      std::array<char, 24> size{};
      const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", count);
      write(std::string(size.data(), static_cast<std::size_t>(length)).append(bytes).append("\r\n"));
    }
    if (count == 0) {
      sent_whole_ = true;
      return;
    }
    io_.restart();
    io_.poll();  // an early answer ends the sending
  }
}

HttpAnswer HttpClient::Connection::exchange(const HttpRequest& request) {
  used_ = true;
  answered_ = false;
  sent_whole_ = false;
  answer_fault_ = {};
  parser_.emplace();
  parser_->body_limit(boost::none);
  parser_->header_limit(32 * 1024);
  if (request.method == "HEAD") {
    parser_->skip(true);
  }
  http::async_read_header(stream_, buffer_, *parser_, [this](error_code fault, std::size_t) {
    answered_ = true;
    answer_fault_ = fault;
  });
  try {
    auto head = head_of(endpoint_, request);
    http::request_serializer<http::empty_body> serializer(head);
    serializer.split(true);
    const error_code fault = complete(write_limit, "sending to",
                                      [&](auto handler) { http::async_write_header(stream_, serializer, handler); });
    if (!fault) {
      send_body(request);
    }
    run_until(answered_, request.answer_limit, "waiting for an answer of");
  } catch (...) {
    stream_.close();
    io_.restart();
    io_.run();  // the reading of the answer ends before what it reads into
    throw;
  }
  if (answer_fault_) {
    lost(answer_fault_);
  }
  return read_head();
}

HttpAnswer HttpClient::Connection::read_head() const {
  HttpAnswer answer;
  answer.status = parser_->get().result_int();
  answer.reason = std::string(std::string_view(parser_->get().reason()));
  answer.content_type = std::string(std::string_view(parser_->get()[http::field::content_type]));
  answer.location = std::string(std::string_view(parser_->get()[http::field::location]));
  if (const auto length = parser_->content_length()) {
    answer.length = *length;
  }
  return answer;
}

std::size_t HttpClient::Connection::read_some(char* into, std::size_t size, std::optional<Milliseconds> limit) {
  while (!parser_->is_done()) {
    auto& body = parser_->get().body();
    body.data = into;
    body.size = size;
    bool done = false;
    error_code result;
    http::async_read_some(stream_, buffer_, *parser_, [&](error_code fault, std::size_t) {
      done = true;
      result = fault;
    });
    run_until(done, limit, "receiving from");
    if (result && result != http::error::need_buffer) {
      lost(result);
    }
    if (const std::size_t count = size - body.size; count > 0) {
      return count;
    }
  }
  return 0;
}

HttpClient::HttpClient(const Endpoint& endpoint) : endpoint_(endpoint) {}

HttpClient::~HttpClient() = default;

void HttpClient::close() { connection_.reset(); }

HttpAnswer HttpClient::exchange(const HttpRequest& request) {
  if (connection_ && (!connection_->reusable() || connection_->stale())) {
    connection_.reset();
  }
  for (const bool again : {false, true}) {
    const bool kept_open = connection_ != nullptr;
    if (!kept_open) {
      connection_ = std::make_unique<Connection>(endpoint_);
      connection_->open();
    }
    try {
      return connection_->exchange(request);
    } catch (const Error& error) {
      connection_.reset();
      // A connection kept open can break in the moment we use it; only what changes nothing is simply asked again.
      if (again || !kept_open || request.method != "GET" || error.kind() != ErrorKind::unavailable) {
        throw;
      }
    }
  }
  std::unreachable();
}

std::size_t HttpClient::read_some(char* into, std::size_t size, std::optional<Milliseconds> limit) {
  return connection_ ? connection_->read_some(into, size, limit) : 0;
}

}  // namespace berth::cli
