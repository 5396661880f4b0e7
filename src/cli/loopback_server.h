// SPDX-License-Identifier: Apache-2.0
#pragma once

// For the tests alone: a small real server of HTTP/1.1 and WebSocket on a port that the system chooses.

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "cli/invocation.h"

namespace berth::cli {

struct SeenRequest {
  std::string method;
  std::string target;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct Reply {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers;
  bool cut = false;          // the connection breaks off before the body is whole
  bool before_body = false;  // answered and hung up without reading the request's body
};

// One WebSocket connection, from the server's side. Calls block; a connection that ends is an Error.
class ViewerConnection {
 public:
  struct Message {
    bool text = false;
    std::string bytes;
  };

  virtual ~ViewerConnection() = default;
  virtual const SeenRequest& request() const = 0;
  virtual void send(const boost::json::object& message) = 0;
  virtual void send_output(int stream, std::string_view bytes) = 0;
  // The next message that is no acknowledgement and no resize; those are noted below.
  virtual Message receive() = 0;
  // Waits for the next acknowledgement or resize.
  virtual void receive_control() = 0;

  std::uint64_t acknowledged = 0;
  std::vector<std::string> resizes;  // "80x24"
};

class LoopbackServer {
 public:
  using Answer = std::function<Reply(const SeenRequest&)>;
  // Speaks to a viewer; when it returns, the connection is cut.
  using Serve = std::function<void(ViewerConnection&)>;

  explicit LoopbackServer(Answer answer, Serve serve = nullptr);
  ~LoopbackServer();

  std::string url() const;
  Access access(const std::string& token = "berth_test") const;
  std::vector<SeenRequest> seen() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

Reply problem(unsigned status, const std::string& kind, const std::string& detail);

// A file in memory that collects what is written to a descriptor.
class Collected {
 public:
  Collected();
  int descriptor() const { return file_.get(); }
  std::string text() const;

 private:
  Descriptor file_;
};

// A pipe that is filled from a thread and then closed.
class Filled {
 public:
  explicit Filled(std::string bytes);
  ~Filled();
  int descriptor() const { return read_.get(); }

 private:
  Descriptor read_;
  std::thread writer_;
};

}  // namespace berth::cli
