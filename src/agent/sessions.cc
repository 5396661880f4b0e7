// SPDX-License-Identifier: Apache-2.0
#include "agent/sessions.h"

#include <algorithm>
#include <csignal>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::chrono::seconds time_to_end{2};  // between SIGHUP and SIGKILL
constexpr std::size_t longest_shown_command = 128;

wire::Frame refusal(std::uint32_t session, ErrorKind kind, const std::string& message) {
  return {.type = wire::FrameType::refused,
          .session = session,
          .payload = wire::encode_payload(wire::Refusal{.kind = std::string(to_string(kind)), .message = message})};
}

// The first words of a command, at most longest_shown_command bytes: 64 of them have to fit into the hello.
std::vector<std::string> shorten(const std::vector<std::string>& command) {
  std::vector<std::string> shown;
  std::size_t left = longest_shown_command;
  for (const std::string& word : command) {
    const bool printable =
        std::ranges::all_of(word, [](char character) { return character >= ' ' && character != '\x7f'; });
    if (word.size() > left || !printable) {
      shown.emplace_back("…");
      break;
    }
    left -= word.size();
    shown.push_back(word);
    left -= std::min<std::size_t>(left, 3);  // quotes and comma
  }
  return shown;
}

}  // namespace

void Sessions::handle(const wire::Frame& frame, Link& link, Moment now) {
  switch (frame.type) {
    case wire::FrameType::open:
      return open(frame, link);
    case wire::FrameType::attach:
      return attach(frame, link);
    case wire::FrameType::close:
      return close(frame, now);
    default:
      break;
  }
  const auto found = sessions_.find(frame.session);
  if (found != sessions_.end()) {
    handle_known(frame, found->second);
  }
}

void Sessions::handle_known(const wire::Frame& frame, Session& session) {
  switch (frame.type) {
    case wire::FrameType::acknowledge:
      return session.acknowledge(frame.offset);
    case wire::FrameType::input:
      return session.receive(frame.offset, frame.payload);
    case wire::FrameType::input_end:
      return session.finish_input();
    case wire::FrameType::resize:
      return session.resize(wire::decode_payload<wire::WindowSize>(frame.payload));
    case wire::FrameType::signal: {
      const int number = wire::decode_payload<wire::SignalSession>(frame.payload).number;
      if (number < 1 || number > 31) {
        throw Error(ErrorKind::invalid_argument, "the host sent a signal that does not exist");
      }
      if (session.running()) {
        ::kill(-session.process(), number);
      }
      return;
    }
    default:
      throw Error(ErrorKind::invalid_argument, "the host sent a frame that only the agent sends");
  }
}

void Sessions::open(const wire::Frame& frame, Link& link) {
  const auto request = wire::decode_payload<wire::OpenSession>(frame.payload);
  try {
    if (frame.session == 0 || sessions_.contains(frame.session)) {
      throw Error(ErrorKind::invalid_argument, "this session number is 0 or in use");
    }
    if (stopping_) {
      throw Error(ErrorKind::unavailable, "the instance is shutting down");
    }
    if (sessions_.size() >= wire::max_sessions) {
      throw Error(ErrorKind::exhausted,
                  "the instance has " + std::to_string(wire::max_sessions) + " sessions; close one first");
    }
    sessions_.try_emplace(frame.session, frame.session, request, start_program(request, image_), poller_);
  } catch (const Error& error) {
    return link.answer(refusal(frame.session, error.kind(), error.what()));
  }
  link.answer({.type = wire::FrameType::opened, .session = frame.session});
}

void Sessions::attach(const wire::Frame& frame, Link& link) {
  const auto found = sessions_.find(frame.session);
  if (found == sessions_.end()) {
    return link.answer(refusal(frame.session, ErrorKind::not_found, "the session does not exist"));
  }
  found->second.attach(frame.offset);
}

void Sessions::close(const wire::Frame& frame, Moment now) {
  const auto found = sessions_.find(frame.session);
  if (found == sessions_.end()) {
    return;
  }
  // The signal first: a program that reads its input to the end must not take the closed pipe for it.
  if (found->second.running()) {
    ::kill(-found->second.process(), SIGHUP);
    ::kill(-found->second.process(), SIGCONT);
    closed_[found->second.process()] = now + time_to_end;
  }
  sessions_.erase(found);  // a terminal's closing also hangs up what runs in its foreground
}

void Sessions::detach() {
  for (auto& [number, session] : sessions_) {
    session.detach();
  }
}

void Sessions::child_ended(pid_t process, const wire::SessionExit& exit, Moment now) {
  closed_.erase(process);
  for (auto& [number, session] : sessions_) {
    if (session.running() && session.process() == process) {
      session.end(exit, now);
    }
  }
}

bool Sessions::pump(Moment now) {
  bool more = false;
  for (auto& [number, session] : sessions_) {
    more = session.pump(now) || more;
  }
  for (auto& [process, when] : closed_) {
    if (now >= when) {
      ::kill(-process, SIGKILL);
      when = Moment::max();
    }
  }
  return more;
}

void Sessions::send(Link& link) {
  std::size_t silent = 0;  // sessions in a row that had nothing to send
  while (link.channel().writable && silent < sessions_.size()) {
    auto session = sessions_.lower_bound(next_to_send_);
    session = session == sessions_.end() ? sessions_.begin() : session;
    const Session::Sending result = session->second.send(link);
    if (result == Session::Sending::blocked) {
      return;  // and it is this one's turn when there is room
    }
    silent = result == Session::Sending::sent ? 0 : silent + 1;
    next_to_send_ = session->first + 1;
  }
}

std::optional<Moment> Sessions::deadline(Moment now) const {
  Moment first = Moment::max();
  for (const auto& [number, session] : sessions_) {
    first = std::min(first, session.deadline(now).value_or(Moment::max()));
  }
  for (const auto& [process, when] : closed_) {
    first = std::min(first, when);
  }
  return first == Moment::max() ? std::nullopt : std::optional(first);
}

std::vector<wire::SessionState> Sessions::states() const {
  std::vector<wire::SessionState> states;
  for (const auto& [number, session] : sessions_) {
    states.push_back(session.state());
    states.back().command = shorten(states.back().command);
  }
  return states;
}

void Sessions::signal_all(int number) const {
  for (const auto& [key, session] : sessions_) {
    if (session.running()) {
      ::kill(-session.process(), number);
    }
  }
  for (const auto& [process, when] : closed_) {
    ::kill(-process, number);
  }
}

void Sessions::hang_up_terminals() const {
  for (const auto& [number, session] : sessions_) {
    if (session.running() && session.is_terminal()) {
      ::kill(-session.process(), SIGHUP);
    }
  }
}

}  // namespace berth::agent
