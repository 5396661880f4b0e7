// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "http/exchange.h"
#include "http/target.h"

namespace berth::http {

// The header of a request, checked. Without a body its content length is 0; unknown for a chunked one.
struct Request {
  Method method = Method::other;
  Target target;
  Headers headers;
  std::optional<std::uint64_t> content_length = 0;
  bool version_1_1 = true;
  bool keep_alive = false;
  bool expects_continue = false;

  // Of any letter case; the first of that name.
  const std::string* header(std::string_view name) const;
};

// The first bytes of a connection, in any pieces, to one request. It does no input or output and has no time limits;
// both are the connection's. Every fault is a StatusError; the parser is then of no more use.
class RequestParser {
 public:
  explicit RequestParser(Bytes max_header);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // How many bytes it took from the front of `input`; unless the header is then complete, it needs more behind the
  // rest.
  std::size_t read_header(std::string_view input);
  bool header_complete() const;
  // Once, after the header.
  Request take_request();

  // Appends decoded bytes to `piece` until it holds 64 KiB, and says how many it took from the front of `input`. When
  // neither grows it needs more input.
  std::size_t read_body(std::string_view input, std::string& piece);
  bool complete() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

constexpr std::size_t most_in_piece = 64 * 1024;

}  // namespace berth::http
