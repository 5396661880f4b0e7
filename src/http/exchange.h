// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.h"
#include "base/error.h"

namespace berth::http {

enum class Method { get, head, post, put, patch, remove, options, other };
// "GET"; `other` is "OTHER".
std::string_view to_string(Method method);

struct Peer {
  std::string address;  // without the port
  bool loopback = false;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// The server adds Date, Content-Length and, unless given, the security headers and `Cache-Control: no-store`.
struct Response {
  int status = 200;
  std::string content_type = "application/json";  // empty: no such header
  std::string body;
  Headers headers;
};

// A failure whose status HTTP itself dictates (405, 415, 417, 431, 501, ...). `headers` are added to the answer.
class StatusError final : public Error {
 public:
  StatusError(int status, ErrorKind kind, const std::string& message, Headers headers = {})
      : Error(kind, message), status_(status), headers_(std::move(headers)) {}
  int status() const { return status_; }
  const Headers& headers() const { return headers_; }

 private:
  int status_;
  Headers headers_;
};

// An accepted connection; destroying it cuts it. Each call is cancellable and leaves the connection usable: a message
// being received is kept for the next receive(), one being sent is sent to its end. All calls throw
// Error{unavailable} once the connection is broken.
class WebSocket {
 public:
  struct Message {
    bool binary = false;
    std::string data;
  };

  virtual ~WebSocket() = default;
  // Nothing: closed by the peer, or by close(). Throws Error{too_large} for a message over the limit (the peer was told
  // 1009) and Error{timed_out} for a peer that answers no ping.
  virtual async::Task<std::optional<Message>> receive() = 0;
  // One sender at a time. Returns when the kernel has taken all; waits while the peer does not read, to the write
  // limit.
  virtual async::Task<> send(bool binary, std::string data) = 0;
  // Says goodbye and waits for the peer's answer, to a limit. Throws nothing; twice is once.
  virtual async::Task<> close(int code, std::string reason) = 0;
};

// One request being answered; lives as long as its handler runs. When the client has gone away, respond, start, write
// and finish throw Error{unavailable}: let it pass.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual Method method() const = 0;
  // Decoded, begins with '/' (or is "*"), valid UTF-8 without NUL, "." and ".." segments. An encoded slash is refused.
  virtual const std::string& path() const = 0;
  // Decoded, valid UTF-8 without NUL; the first of that name.
  virtual std::optional<std::string> query(std::string_view name) const = 0;
  virtual std::vector<std::pair<std::string, std::string>> queries() const = 0;
  // Of any letter case; the first of that name.
  virtual std::optional<std::string> header(std::string_view name) const = 0;
  virtual std::optional<std::string> cookie(std::string_view name) const = 0;
  virtual const Peer& peer() const = 0;
  // Filled by the router: "{instance}" of the pattern.
  virtual std::map<std::string, std::string>& path_parameters() = 0;
  virtual std::optional<std::uint64_t> content_length() const = 0;

  // The whole body. Throws Error{too_large} beyond `limit`, Error{timed_out} when a piece is late,
  // Error{invalid_argument} when it is malformed or ends early.
  virtual async::Task<std::string> read_body(std::size_t limit) = 0;
  // The next piece of the body (1 byte to 64 KiB), nothing at its end. Fails like read_body; the limit is the server's.
  virtual async::Task<std::optional<std::string>> read_some() = 0;

  // The whole answer. Exactly one of respond, start and accept_websocket is called, once.
  virtual async::Task<> respond(Response response) = 0;
  // Begins a streamed answer; head.body is ignored. A handler that throws after it cuts the connection, so that the
  // client sees the answer is not whole.
  virtual async::Task<> start(Response head) = 0;
  // Waits until the kernel has taken the piece; a client that takes nothing for the write limit is cut off. For HEAD
  // the first write ends the handler by an exception: the answer has no body.
  virtual async::Task<> write(std::string piece) = 0;
  // The end of a streamed answer. A handler that returns without it finishes, too.
  virtual async::Task<> finish() = 0;
  // Ends when the client has gone away (also when it closes only its sending side). For streams that only write, after
  // the body has been read: `async::race(stream(), exchange.disconnected())`. Cancellable.
  virtual async::Task<> disconnected() = 0;

  virtual bool is_websocket_upgrade() const = 0;
  // `subprotocol` must be one that the client offers, or empty for none; else Error{invalid_argument}. After it the
  // handler owns the connection, which ends with the WebSocket.
  virtual async::Task<std::unique_ptr<WebSocket>> accept_websocket(std::string subprotocol,
                                                                   std::size_t max_message) = 0;
  // Whether respond, start or accept_websocket has begun.
  virtual bool responded() const = 0;
};

using Handler = std::function<async::Task<>(Exchange&)>;

}  // namespace berth::http
