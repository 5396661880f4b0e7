// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cli/endpoint.h"

namespace berth::cli {

// Fills a buffer with the next bytes of a request's body and says how many; 0 is the end.
using BodySource = std::function<std::size_t(char* into, std::size_t size)>;

struct HttpRequest {
  std::string method;
  std::string target;  // path and query, without the endpoint's base path
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  BodySource source;                           // instead of `body`, for what does not fit into memory
  std::optional<std::uint64_t> source_length;  // unknown: chunked
  Milliseconds answer_limit = Seconds{30};     // from the last byte sent to the head of the answer
};

struct HttpAnswer {
  unsigned status = 0;
  std::string reason;
  std::string content_type;
  std::string location;
  std::optional<std::uint64_t> length;
};

// HTTP/1.1 over one connection that is kept open, one request at a time, blocking, with a time limit on every step.
// Failures to reach the server or to get an answer are Error{unavailable} or Error{timed_out}.
class HttpClient {
 public:
  explicit HttpClient(const Endpoint& endpoint);
  ~HttpClient();

  // Sends the request and returns the head of the answer. What was left of the answer before is dropped.
  HttpAnswer exchange(const HttpRequest& request);
  // The next bytes of the answer's body; 0 is its end. Without a limit it waits for as long as the connection lives.
  std::size_t read_some(char* into, std::size_t size, std::optional<Milliseconds> limit = Seconds{60});
  void close();

 private:
  class Connection;  // keeps Beast out of this header

  Endpoint endpoint_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace berth::cli
