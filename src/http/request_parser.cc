// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/text.h"

namespace berth::http {
namespace {

namespace beast = boost::beast::http;
using Parser = beast::request_parser<beast::buffer_body>;

constexpr std::size_t most_fields = 100;

[[noreturn]] void refuse(int status, const std::string& what) {
  throw StatusError(
      status, status == 413 || status == 414 || status == 431 ? ErrorKind::too_large : ErrorKind::invalid_argument,
      what);
}

[[noreturn]] void refuse_header(const boost::system::error_code& fault, bool in_first_line) {
  if (fault == beast::error::header_limit || fault == beast::error::buffer_overflow) {
    if (in_first_line) {
      refuse(414, "the address of the request is too long");
    }
    refuse(431, "the header of the request is too long");
  }
  if (fault == beast::error::bad_version) {
    refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  refuse(400, "the request is not HTTP: " + fault.message());
}

Method method_from(beast::verb verb) {
  switch (verb) {
    case beast::verb::get:
      return Method::get;
    case beast::verb::head:
      return Method::head;
    case beast::verb::post:
      return Method::post;
    case beast::verb::put:
      return Method::put;
    case beast::verb::patch:
      return Method::patch;
    case beast::verb::delete_:
      return Method::remove;
    case beast::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

// What two readers of the same bytes could understand differently is refused (RFC 9112, 6.3 and 11.2).
void check_framing(const Parser& parser, const Headers& headers, bool version_1_1) {
  const auto count = [&](std::string_view name) {
    return std::ranges::count_if(headers, [&](const auto& header) { return equal_ignoring_case(header.first, name); });
  };
  if (count("Host") > 1 || (version_1_1 && count("Host") == 0)) {
    refuse(400, "a request needs exactly one Host");
  }
  if (count("Transfer-Encoding") == 0) {
    return;
  }
  if (!version_1_1 || count("Content-Length") != 0) {
    refuse(400, "Transfer-Encoding does not go with HTTP/1.0 or Content-Length");
  }
  if (!parser.chunked() || count("Transfer-Encoding") != 1 ||
      !equal_ignoring_case(parser.get()[beast::field::transfer_encoding], "chunked")) {
    refuse(501, "the only Transfer-Encoding understood is chunked");
  }
}

}  // namespace

const std::string* Request::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [&](const auto& candidate) { return equal_ignoring_case(candidate.first, name); });
  return found == headers.end() ? nullptr : &found->second;
}

struct RequestParser::State {
  Parser parser;
  std::size_t header_left = 0;
  bool first_line_read = false;
  bool body_begun = false;
};

RequestParser::RequestParser(Bytes max_header) : state_(std::make_unique<State>()) {
  state_->header_left = max_header.count;
  state_->parser.header_limit(static_cast<std::uint32_t>(max_header.count));
  state_->parser.body_limit(boost::none);  // counted by the connection, which knows the handler's limit
}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::read_header(std::string_view input) {
  Parser& parser = state_->parser;
  std::size_t skipped = 0;
  while (!parser.got_some() && input.starts_with("\r\n")) {  // RFC 9112, 2.2: empty lines before a request are ignored
    input.remove_prefix(2);
    skipped += 2;
  }
  if (input.empty() || (!parser.got_some() && input == "\r")) {
    return skipped;
  }
  const bool in_first_line = !state_->first_line_read && input.find('\n') == std::string_view::npos;
  boost::system::error_code fault;
  const std::size_t taken = parser.put(boost::asio::const_buffer(input.data(), input.size()), fault);
  if (fault && fault != beast::error::need_more) {
    refuse_header(fault, in_first_line);
  }
  // Beast 1.81 holds each field to its limit, not all together.
  if (taken + (parser.is_header_done() ? 0 : input.size() - taken) > state_->header_left) {
    refuse_header(beast::error::header_limit, in_first_line);
  }
  state_->header_left -= taken;
  state_->first_line_read = state_->first_line_read || taken > 0;
  return skipped + taken;
}

bool RequestParser::header_complete() const { return state_->parser.is_header_done(); }

Request RequestParser::take_request() {
  const Parser& parser = state_->parser;
  const auto& message = parser.get();
  Request request;
  request.method = method_from(message.method());
  request.version_1_1 = message.version() == 11;
  for (const auto& field : message) {
    if (request.headers.size() == most_fields) {
      refuse(431, "the request has too many header fields");
    }
    request.headers.emplace_back(field.name_string(), field.value());
  }
  check_framing(parser, request.headers, request.version_1_1);
  try {
    request.target = parse_target(std::string_view(message.target().data(), message.target().size()));
  } catch (const StatusError&) {
    throw;
  } catch (const Error& error) {
    refuse(400, error.what());
  }
  request.keep_alive = parser.keep_alive();
  if (parser.chunked()) {
    request.content_length.reset();
  } else if (const auto length = parser.content_length()) {
    request.content_length = *length;
  }
  if (const std::string* expectation = request.header("Expect")) {
    if (!equal_ignoring_case(*expectation, "100-continue")) {
      refuse(417, "the only expectation understood is 100-continue");
    }
    request.expects_continue = request.version_1_1 && !parser.is_done();
  }
  return request;
}

std::size_t RequestParser::read_body(std::string_view input, std::string& piece) {
  Parser& parser = state_->parser;
  // The shortest chunked body has 5 bytes. Beast 1.81 asserts that it is not called twice with less of them.
  if (parser.chunked() && !state_->body_begun && input.size() < 5) {
    return 0;
  }
  std::size_t taken = 0;
  const std::size_t before = piece.size();
  piece.resize(most_in_piece);
  parser.get().body() = {piece.data() + before, piece.size() - before, true};
  boost::system::error_code fault;
  std::size_t step = 1;
  while (!parser.is_done() && taken < input.size() && !fault && step > 0) {
    step = parser.put(boost::asio::const_buffer(input.data() + taken, input.size() - taken), fault);
    taken += step;
    state_->body_begun = state_->body_begun || step > 0;
  }
  piece.resize(piece.size() - parser.get().body().size);
  if (fault && fault != beast::error::need_more && fault != beast::error::need_buffer) {
    refuse(400, "the body of the request is malformed: " + fault.message());
  }
  return taken;
}

bool RequestParser::complete() const { return state_->parser.is_done(); }

}  // namespace berth::http
