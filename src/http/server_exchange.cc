// SPDX-License-Identifier: Apache-2.0
#include "http/server_exchange.h"

#include <algorithm>

#include "base/error.h"
#include "http/response_head.h"
#include "http/text.h"
#include "http/websocket_connection.h"

namespace berth::http {
namespace {

// An unread body of at most this size is read and thrown away, to keep the connection.
constexpr std::uint64_t most_skipped = 64 * 1024;

[[noreturn]] void refuse_body() {
  throw StatusError(413, ErrorKind::too_large, "the body of the request is too large");
}

void check_once(bool responded) {
  if (responded) {
    throw Error(ErrorKind::internal, "a request was answered twice");
  }
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

std::optional<std::string> ServerExchange::query(std::string_view name) const {
  const auto found = std::ranges::find(request_.target.queries, name, &std::pair<std::string, std::string>::first);
  return found == request_.target.queries.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> ServerExchange::header(std::string_view name) const {
  const std::string* value = request_.header(name);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::string> ServerExchange::cookie(std::string_view name) const {
  for (const auto& [header_name, value] : request_.headers) {
    if (equal_ignoring_case(header_name, "Cookie")) {
      if (auto found = find_cookie(value, name)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

// A client that expects it sends its body only once it is invited (RFC 9110, 10.1.1).
async::Task<> ServerExchange::invite_body() {
  const std::uint64_t most = shared_.settings.max_body.count;
  if (request_.content_length.value_or(0) > most) {
    refuse_body();
  }
  if (request_.expects_continue && !invited_ && !responded() && stream_.buffered().empty()) {
    invited_ = true;
    co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n", shared_.settings.write_limit);
  }
}

async::Task<> ServerExchange::fill() {
  bool ended = false;
  try {
    ended = !co_await stream_.fill(shared_.settings.read_limit);
  } catch (const Error& error) {
    body_failed_ = true;
    if (error.kind() == ErrorKind::timed_out) {
      throw StatusError(408, ErrorKind::timed_out, "the body of the request comes too slowly");
    }
    throw;
  }
  if (ended) {
    body_failed_ = true;
    throw StatusError(400, ErrorKind::invalid_argument, "the body of the request ended early");
  }
}

async::Task<std::optional<std::string>> ServerExchange::read_some() {
  if (!parser_.header_complete() || parser_.complete()) {
    co_return std::nullopt;
  }
  co_await invite_body();
  std::string piece;
  while (piece.empty() && !parser_.complete()) {
    const std::size_t taken = parser_.read_body(stream_.buffered(), piece);
    stream_.consume(taken);
    if (taken == 0 && piece.empty()) {
      co_await fill();
    }
  }
  body_read_ += piece.size();
  if (body_read_ > shared_.settings.max_body.count) {
    refuse_body();
  }
  co_return piece.empty() ? std::nullopt : std::optional(std::move(piece));
}

async::Task<std::string> ServerExchange::read_body(std::size_t limit) {
  if (request_.content_length.value_or(0) > limit) {
    refuse_body();
  }
  std::string body;
  while (const auto piece = co_await read_some()) {
    if (piece->size() > limit - body.size()) {
      refuse_body();
    }
    body += *piece;
  }
  co_return body;
}

bool ServerExchange::may_keep_connection() const {
  if (!request_.keep_alive || body_failed_ || shared_.tasks.cancelled()) {
    return false;
  }
  const bool uninvited = request_.expects_continue && !invited_;
  const bool small = request_.content_length && *request_.content_length - body_read_ <= most_skipped;
  return parser_.complete() || (small && !uninvited);
}

std::string ServerExchange::begin(const Response& response, Framing framing) {
  check_once(responded());
  const bool keeps = may_keep_connection() && framing != Framing::close;
  std::string head = print_head(response, {.framing = framing,
                                           .length = response.body.size(),
                                           .keeps_connection = keeps,
                                           .to_version_1_0 = to_version_1_0()});
  keeps_connection_ = keeps;
  return head;
}

async::Task<> ServerExchange::respond(Response response) {
  const bool bare = has_no_body(response.status);
  std::string answer = begin(response, bare ? Framing::none : Framing::length);
  progress_ = Progress::complete;
  if (!bare && request_.method != Method::head) {
    answer += response.body;
  }
  co_await stream_.write(std::move(answer), shared_.settings.write_limit);
}

async::Task<> ServerExchange::start(Response head) {
  head.body.clear();
  const bool bare = has_no_body(head.status);
  const Framing framing = bare ? Framing::none : to_version_1_0() ? Framing::close : Framing::chunks;
  std::string text = begin(head, framing);
  const bool ends = bare || request_.method == Method::head;
  progress_ = ends ? Progress::complete : Progress::streaming;
  ended_by_head_ = ends;
  co_await stream_.write(std::move(text), shared_.settings.write_limit);
}

async::Task<> ServerExchange::write(std::string piece) {
  if (ended_by_head_) {
    throw Error(ErrorKind::unavailable, "this answer has no body");
  }
  if (progress_ != Progress::streaming) {
    throw Error(ErrorKind::internal, "a piece of an answer came before its start or after its end");
  }
  if (!to_version_1_0()) {
    piece = print_chunk(std::move(piece));
  }
  co_await stream_.write(std::move(piece), shared_.settings.write_limit);
}

async::Task<> ServerExchange::finish() {
  if (progress_ == Progress::streaming) {
    progress_ = Progress::complete;
    co_await stream_.write(std::string(to_version_1_0() ? "" : last_chunk), shared_.settings.write_limit);
  }
}

async::Task<> ServerExchange::disconnected() { co_await stream_.closed_by_peer(); }

bool ServerExchange::is_websocket_upgrade() const {
  const std::string* connection = request_.header("Connection");
  const std::string* upgrade = request_.header("Upgrade");
  return request_.method == Method::get && request_.version_1_1 && connection && upgrade &&
         list_contains(*connection, "upgrade") && list_contains(*upgrade, "websocket");
}

async::Task<std::unique_ptr<WebSocket>> ServerExchange::accept_websocket(std::string subprotocol,
                                                                         std::size_t max_message) {
  check_once(responded());
  const auto version = header("Sec-WebSocket-Version");
  const auto key = header("Sec-WebSocket-Key");
  if (!is_websocket_upgrade() || version != "13") {
    throw StatusError(426, ErrorKind::invalid_argument, "this address is a WebSocket, version 13",
                      {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
  }
  // RFC 6455, 4.2.1: 16 bytes in base64; 4.1: nothing is sent before our answer.
  if (!key || key->size() != 24 || !parser_.complete() || !stream_.buffered().empty()) {
    throw StatusError(400, ErrorKind::invalid_argument, "the WebSocket handshake is malformed");
  }
  if (!subprotocol.empty() && !list_contains(header("Sec-WebSocket-Protocol").value_or(""), subprotocol)) {
    throw Error(ErrorKind::invalid_argument, "this address needs the WebSocket subprotocol " + subprotocol);
  }
  progress_ = Progress::upgraded;
  const Settings& settings = shared_.settings;
  co_return co_await open_websocket(shared_.tasks, stream_.release(), {.key = *key, .subprotocol = subprotocol},
                                    {.max_message = max_message,
                                     .idle = settings.websocket_idle_limit,
                                     .write = settings.write_limit,
                                     .close = settings.websocket_close_limit});
}

}  // namespace berth::http
