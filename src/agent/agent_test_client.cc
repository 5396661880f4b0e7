// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_test_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/error.h"

namespace berth::agent {
namespace {

constexpr int deadline_milliseconds = 30'000;

void require(bool holds, const std::string& what) {
  if (!holds) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
  }
}

sockaddr_un to_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

AgentProcess::AgentProcess(const std::vector<std::string>& arguments, Place place) {
  const Descriptor listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);  // no name: the kernel chooses a free abstract one
  require(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  require(::listen(listener.get(), 8) == 0, "listen");
  size = sizeof address;
  require(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  address_.assign(address.sun_path, size - sizeof(sa_family_t));

  std::vector<std::string> words = {"berth-agent", "init"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
  std::string own = "BERTH_IMAGE=of the test";
  const std::array<char*, 3> environment = {path.data(), own.data(), nullptr};
  const unsigned long flags = SIGCHLD | (place == Place::process_1 ? CLONE_NEWPID : 0);
  process_ = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));  // a fork
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a test that crashes leaves nothing behind
    ::dup2(listener.get(), wire::agent_listen_descriptor);
    ::fcntl(wire::agent_listen_descriptor, F_SETFD, 0);  // it may have been that number before
    ::execve(BERTH_AGENT_PROGRAM, pointers.data(), environment.data());
    ::_exit(127);
  }
  require(process_ > 0, "cannot start " BERTH_AGENT_PROGRAM);
}

AgentProcess::~AgentProcess() {
  if (process_ != 0) {
    ::kill(process_, SIGTERM);
    wait();
  }
}

Descriptor AgentProcess::connect() const {
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = to_address(address_);
  require(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                    static_cast<socklen_t>(sizeof(sa_family_t) + address_.size())) == 0,
          "connect");
  return socket;
}

int AgentProcess::wait() {
  int status = 0;
  require(::waitpid(std::exchange(process_, 0), &status, 0) > 0, "waitpid");
  return status;
}

AgentTestClient::AgentTestClient(const AgentProcess& agent) : socket_(agent.connect()) {
  send({.type = wire::FrameType::hello, .payload = wire::encode_payload(wire::HostHello{})});
  const wire::Frame frame = next();
  require(frame.type == wire::FrameType::hello, "the agent's first frame is no hello");
  hello_ = wire::decode_payload<wire::AgentHello>(frame.payload);
  for (const wire::SessionState& state : hello_.sessions) {
    last_session_ = std::max(last_session_, state.session);
    input_sent_[state.session] = input_acknowledged_[state.session] = state.input_end;
  }
}

wire::SessionState AgentTestClient::held(std::uint32_t session) const {
  const auto found = std::ranges::find(hello_.sessions, session, &wire::SessionState::session);
  require(found != hello_.sessions.end(), "the agent does not hold the session");
  return *found;
}

void AgentTestClient::send(const wire::Frame& frame) { send_raw(wire::encode(frame)); }

void AgentTestClient::send_raw(std::string_view packet) {
  require(::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(packet.size()),
          "send");
}

wire::Frame AgentTestClient::next() {
  pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&waiting, 1, deadline_milliseconds);
  require(ready > 0, "the agent sends nothing");
  std::array<char, wire::max_frame + 1> packet;
  const ssize_t count = ::recv(socket_.get(), packet.data(), packet.size(), 0);
  if (count <= 0) {
    throw Error(ErrorKind::unavailable, "the agent closed the link");
  }
  return wire::decode(std::string_view(packet.data(), static_cast<std::size_t>(count)));
}

wire::Frame AgentTestClient::next(wire::FrameType type) {
  wire::Frame frame = next();
  while (frame.type != type) {
    frame = next();
  }
  return frame;
}

bool AgentTestClient::is_dropped() {
  try {
    while (true) {
      next();
    }
  } catch (const Error& error) {
    return error.kind() == ErrorKind::unavailable;
  } catch (const std::runtime_error&) {
    return false;
  }
}

std::uint32_t AgentTestClient::open(const wire::OpenSession& request) {
  send({.type = wire::FrameType::open, .session = ++last_session_, .payload = wire::encode_payload(request)});
  return last_session_;
}

void AgentTestClient::attach(std::uint32_t session, std::uint64_t offset) {
  send({.type = wire::FrameType::attach, .session = session, .offset = offset});
}

void AgentTestClient::acknowledge(std::uint32_t session, std::uint64_t offset) {
  send({.type = wire::FrameType::acknowledge, .session = session, .offset = offset});
}

void AgentTestClient::input(std::uint32_t session, std::uint64_t offset, std::string_view bytes) {
  send({.type = wire::FrameType::input, .session = session, .offset = offset, .payload = std::string(bytes)});
}

void AgentTestClient::finish_input(std::uint32_t session, std::uint64_t offset) {
  send({.type = wire::FrameType::input_end, .session = session, .offset = offset});
}

void AgentTestClient::close(std::uint32_t session) { send({.type = wire::FrameType::close, .session = session}); }

void AgentTestClient::take(const wire::Frame& frame, Result& result) {
  if (frame.type == wire::FrameType::output) {
    require(frame.offset == result.end, "output out of order");
    require(!result.exit, "output after the exit");
    (frame.stream == wire::Stream::standard_error ? result.error : result.output) += frame.payload;
    result.end += frame.payload.size();
    acknowledge(frame.session, result.end);
  } else if (frame.type == wire::FrameType::exited) {
    require(frame.offset == result.end, "the exit is at another offset");
    result.exit = wire::decode_payload<wire::SessionExit>(frame.payload);
  } else if (frame.type == wire::FrameType::refused) {
    result.refusal = wire::decode_payload<wire::Refusal>(frame.payload);
  } else if (frame.type == wire::FrameType::input_acknowledged) {
    input_acknowledged_[frame.session] = frame.offset;
  }
}

AgentTestClient::Result AgentTestClient::collect(std::uint32_t session, std::uint64_t offset,
                                                 const std::function<bool(const Result&)>& enough) {
  Result result{.end = offset};
  while (!result.exit && !result.refusal && !(enough && enough(result))) {
    const wire::Frame frame = next();
    if (frame.session == session) {
      take(frame, result);
    }
  }
  return result;
}

void AgentTestClient::send_input_that_fits(std::uint32_t session, std::string_view input) {
  std::uint64_t& sent = input_sent_[session];
  const std::uint64_t limit = std::min<std::uint64_t>(input.size(), input_acknowledged_[session] + wire::input_window);
  while (sent < limit) {
    const std::string_view part = input.substr(sent, std::min<std::uint64_t>(wire::max_payload, limit - sent));
    this->input(session, sent, part);
    sent += part.size();
  }
}

AgentTestClient::Result AgentTestClient::run(const wire::OpenSession& request, std::string_view input) {
  const std::uint32_t session = open(request);
  Result result;
  bool finished = false;
  while (!result.exit && !result.refusal) {
    send_input_that_fits(session, input);
    if (!finished && input_sent_[session] == input.size()) {
      finish_input(session, input.size());
      finished = true;
    }
    const wire::Frame frame = next();
    if (frame.session == session) {
      take(frame, result);
    }
  }
  close(session);
  return result;
}

wire::OpenSession shell(const std::string& script) { return {.command = {"sh", "-c", script}}; }

}  // namespace berth::agent
