// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_agent.h"

#include <utility>

namespace berth::runtimes::fake {

FakeAgent::FakeAgent(async::Executor executor, ProgramSurroundings surroundings)
    : executor_(std::move(executor)), surroundings_(std::move(surroundings)) {}

FakeAgent::~FakeAgent() { cut(); }

std::unique_ptr<core::AgentChannel> FakeAgent::connect() {
  cut();
  link_ = std::make_shared<FakeLink>(executor_);
  auto channel = make_channel(link_);
  link_->hook([this] { serve(); });
  if (behaviour_ == AgentBehaviour::honest) {
    greet();
  }
  serve();
  return channel;
}

void FakeAgent::cut() {
  if (link_) {
    link_->unhook();
    link_->close();
    link_.reset();
  }
  answers_.clear();
  host_said_hello_ = false;
  for (auto& [id, session] : sessions_) {
    session.detach();
  }
}

void FakeAgent::behave(AgentBehaviour behaviour) {
  behaviour_ = behaviour;
  serve();
}

void FakeAgent::freeze(bool frozen) {
  frozen_ = frozen;
  serve();
}

void FakeAgent::set_service(std::optional<wire::ServiceState> service) {
  service_ = service;
  if (link_ && host_said_hello_ && service_) {
    send({.type = wire::FrameType::service_state, .payload = wire::encode_payload(*service_)});
    serve();
  }
}

void FakeAgent::greet() {
  wire::AgentHello hello{.version = wire::agent_protocol_version, .sessions = {}, .service = service_};
  for (const auto& [id, session] : sessions_) {
    hello.sessions.push_back(session.state());
    hello.sessions.back().session = id;
  }
  send({.type = wire::FrameType::hello, .payload = wire::encode_payload(hello)});
}

void FakeAgent::misbehave() {
  switch (behaviour_) {
    case AgentBehaviour::closes:
      cut();
      break;
    case AgentBehaviour::garbage:
      link_->push("\x01 no frame at all");
      behaviour_ = AgentBehaviour::silent;
      break;
    case AgentBehaviour::oversized:
      link_->push(std::string(wire::max_frame + 1, '\x01'));
      behaviour_ = AgentBehaviour::silent;
      break;
    case AgentBehaviour::floods:
      while (link_->has_space()) {
        link_->push(wire::encode({.type = wire::FrameType::output,
                                  .stream = wire::Stream::standard_output,
                                  .session = 1,
                                  .payload = std::string(wire::max_payload, 'x')}));
      }
      break;
    case AgentBehaviour::honest:
    case AgentBehaviour::silent:
      break;
  }
}

// Reads what the host sent and writes what there is, as far as the link has room.
void FakeAgent::serve() {
  if (frozen_ || serving_ || !link_) {
    return;
  }
  serving_ = true;
  if (behaviour_ != AgentBehaviour::honest) {
    misbehave();
  } else {
    exchange();
  }
  if (link_ && link_->closed()) {
    cut();
  }
  serving_ = false;
}

void FakeAgent::exchange() {
  do {
    if (!take_frames()) {
      return cut();
    }
    send_frames();
  } while (answers_.empty() && link_->has_packets());
}

// Whether the host kept to the protocol. Stops reading while too many answers wait.
bool FakeAgent::take_frames() {
  while (answers_.size() < wire::max_sessions) {
    const auto packet = link_->take();
    if (!packet) {
      return true;
    }
    try {
      handle(wire::decode(*packet));
    } catch (const Error&) {
      return false;
    }
  }
  return true;
}

void FakeAgent::send_frames() {
  while (!answers_.empty() && link_->has_space()) {
    link_->push(wire::encode(answers_.front()));
    answers_.pop_front();
  }
  bool progress = true;
  while (answers_.empty() && progress) {
    progress = false;  // one frame of each session in turn
    for (auto& [id, session] : sessions_) {
      if (!link_->has_space()) {
        return;
      }
      if (auto frame = session.next_frame()) {
        frame->session = id;
        link_->push(wire::encode(*frame));
        progress = true;
      }
    }
  }
}

void FakeAgent::handle(wire::Frame frame) {
  using wire::FrameType;
  const auto require = [](bool kept) {
    if (!kept) {
      throw Error(ErrorKind::instance_fault, "the host broke the protocol");
    }
  };
  if (frame.type == FrameType::hello) {
    require(!host_said_hello_ &&
            wire::decode_payload<wire::HostHello>(frame.payload).version == wire::agent_protocol_version);
    host_said_hello_ = true;
    return;
  }
  require(host_said_hello_);
  if (frame.type == FrameType::open) {
    return open(std::move(frame));
  }
  if (frame.type == FrameType::list_ports) {
    return send({.type = FrameType::ports, .session = frame.session, .payload = wire::encode_payload(ports_)});
  }
  FakeSession* session = find(frame.session);
  if (session == nullptr) {
    if (frame.type == FrameType::attach) {
      refuse(frame.session, Error(ErrorKind::not_found, "there is no such session"));
    }
    return;  // the rest may cross its end
  }
  switch (frame.type) {
    case FrameType::attach:
      return session->attach(frame.offset);
    case FrameType::acknowledge:
      return require(session->acknowledge(frame.offset));
    case FrameType::input:
      return require(session->input(frame.offset, frame.payload));
    case FrameType::input_end:
      return session->end_input();
    case FrameType::resize:
      return session->resize(wire::decode_payload<wire::WindowSize>(frame.payload));
    case FrameType::signal:
      return session->signal(wire::decode_payload<wire::SignalSession>(frame.payload).number);
    case FrameType::close:
      sessions_.erase(frame.session);
      return;
    default:
      require(false);
  }
}

void FakeAgent::open(wire::Frame frame) {
  try {
    if (frame.session == 0 || sessions_.contains(frame.session)) {
      throw Error(ErrorKind::invalid_argument, "the session's number is in use");
    }
    if (sessions_.size() >= wire::max_sessions) {
      throw Error(ErrorKind::exhausted, "too many sessions are open");
    }
    auto request = wire::decode_payload<wire::OpenSession>(frame.payload);
    auto program = make_program(request, surroundings_);
    auto& session = sessions_.try_emplace(frame.session, std::move(request), std::move(program)).first->second;
    send({.type = wire::FrameType::opened, .session = frame.session, .payload = {}});
    session.attach(0);
  } catch (const Error& error) {
    refuse(frame.session, error);
  }
}

void FakeAgent::refuse(std::uint32_t session, const Error& error) {
  send({.type = wire::FrameType::refused,
        .session = session,
        .payload = wire::encode_payload(
            wire::Refusal{.kind = std::string(to_string(error.kind())), .message = error.what()})});
}

FakeSession* FakeAgent::find(std::uint32_t session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : &found->second;
}

void FakeAgent::send(wire::Frame frame) { answers_.push_back(std::move(frame)); }

}  // namespace berth::runtimes::fake
