// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

// The real berth-agent with a listening socket of its own. Ended with this object.
class AgentProcess {
 public:
  // process_1: in a process namespace of its own, which takes root; otherwise as a plain child.
  enum class Place { plain, process_1 };
  explicit AgentProcess(const std::vector<std::string>& arguments = {}, Place place = Place::plain);
  ~AgentProcess();
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  pid_t process() const { return process_; }
  Descriptor connect() const;
  // Waits for its end; returns the status of waitpid.
  int wait();

 private:
  pid_t process_ = 0;
  std::string address_;
};

// One link to an agent, as the host sees it. Every wait ends with a std::runtime_error after 30 seconds.
class AgentTestClient {
 public:
  struct Result {
    std::string output;  // of standard output or the terminal
    std::string error;
    std::uint64_t end = 0;
    std::optional<wire::SessionExit> exit;
    std::optional<wire::Refusal> refusal;
  };

  // Connects and exchanges hellos.
  explicit AgentTestClient(const AgentProcess& agent);

  const wire::AgentHello& hello() const { return hello_; }
  // What the hello says of one session; fails if it has none.
  wire::SessionState held(std::uint32_t session) const;

  void send(const wire::Frame& frame);
  void send_raw(std::string_view packet);
  // The next frame from the agent.
  wire::Frame next();
  // The next frame of that type; others are dropped.
  wire::Frame next(wire::FrameType type);
  // Whether the agent closes the link, whatever it sends before.
  bool is_dropped();

  // Sends `open` and returns the session's number, without waiting for the answer.
  std::uint32_t open(const wire::OpenSession& request);
  void attach(std::uint32_t session, std::uint64_t offset);
  void acknowledge(std::uint32_t session, std::uint64_t offset);
  void input(std::uint32_t session, std::uint64_t offset, std::string_view bytes);
  void finish_input(std::uint32_t session, std::uint64_t offset);
  void close(std::uint32_t session);

  // Reads the session's frames until `enough` (nothing: until it exited or was refused), acknowledging all output.
  // Fails on output out of order.
  Result collect(std::uint32_t session, std::uint64_t offset = 0,
                 const std::function<bool(const Result&)>& enough = nullptr);
  // A whole session: open, input through its window, output, close.
  Result run(const wire::OpenSession& request, std::string_view input = {});

 private:
  void send_input_that_fits(std::uint32_t session, std::string_view input);
  void take(const wire::Frame& frame, Result& result);

  Descriptor socket_;
  wire::AgentHello hello_;
  std::uint32_t last_session_ = 0;
  std::map<std::uint32_t, std::uint64_t> input_sent_;
  std::map<std::uint32_t, std::uint64_t> input_acknowledged_;
};

// A request for `sh -c script`.
wire::OpenSession shell(const std::string& script);

}  // namespace berth::agent
