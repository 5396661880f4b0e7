// SPDX-License-Identifier: Apache-2.0
// What a client sends, to the parsers of requests, targets and cookies. Beyond not crashing: a request must mean the
// same however the network cuts it into pieces, and a decoded path must be what Exchange::path() promises.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/request_parser.h"
#include "http/target.h"

namespace {

using namespace berth;
using namespace berth::http;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Outcome {
  Request request;
  std::string body;
};

// Nothing: refused, or not complete.
std::optional<Outcome> parse(std::string_view text, std::size_t step) {
  RequestParser parser(4_KiB);
  Outcome outcome;
  std::string input;
  bool has_request = false;
  try {
    while (!text.empty()) {
      input += text.substr(0, step);
      text.remove_prefix(std::min(step, text.size()));
      if (!has_request) {
        input.erase(0, parser.read_header(input));
        if (!parser.header_complete()) {
          continue;
        }
        outcome.request = parser.take_request();
        has_request = true;
      }
      while (!parser.complete()) {
        std::string piece;
        const std::size_t taken = parser.read_body(input, piece);
        demand(taken <= input.size() && piece.size() <= most_in_piece);
        input.erase(0, taken);
        outcome.body += piece;
        if (taken == 0 && piece.empty()) {
          break;
        }
      }
      if (parser.complete()) {
        return outcome;
      }
    }
  } catch (const StatusError& error) {
    demand(error.status() >= 400 && error.status() < 600);
  }
  return std::nullopt;
}

void check_path(const std::string& path) {
  demand(path == "*" || path.starts_with('/'));
  demand(is_utf8(path) && path.find('\0') == std::string::npos);
  const std::string closed = path + "/";
  demand(closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos);
}

void check_request(std::string_view text, std::size_t step) {
  const auto whole = parse(text, text.size());
  const auto cut = parse(text, step);
  if (whole) {
    check_path(whole->request.target.path);
    demand(!whole->request.content_length || *whole->request.content_length == whole->body.size());
  }
  if (whole && cut) {
    demand(whole->body == cut->body && whole->request.headers == cut->request.headers);
    demand(whole->request.target.path == cut->request.target.path);
    demand(whole->request.content_length == cut->request.content_length);
  }
  demand(!whole || cut);
}

void check_target(std::string_view text) {
  try {
    const Target target = parse_target(text);
    check_path(target.path);
    for (const auto& [name, value] : target.queries) {
      demand(is_utf8(name) && is_utf8(value) && value.find('\0') == std::string::npos);
    }
  } catch (const Error& error) {
    demand(error.kind() == ErrorKind::invalid_argument);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::size_t number = bytes[0];
  check_target(text);
  find_cookie(text, "berth");
  check_request(text, number % 16 + 1);
  // Straight to where a random header would not get.
  check_request("GET " + std::string(text.substr(0, text.find_first_of(" \r\n"))) + " HTTP/1.1\r\nHost: h\r\n\r\n",
                number % 16 + 1);
  check_request("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(text), number % 16 + 1);
  return 0;
}
