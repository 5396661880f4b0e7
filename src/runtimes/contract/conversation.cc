// SPDX-License-Identifier: Apache-2.0
#include "runtimes/contract/conversation.h"

#include <stdexcept>
#include <utility>

#include "base/error.h"

namespace berth::runtimes::contract {

using wire::Frame;
using wire::FrameType;

async::Task<Conversation> Conversation::begin(core::Runtime& runtime, InstanceId id) {
  Conversation conversation(co_await runtime.agent(std::move(id)));
  co_await conversation.send({.type = FrameType::hello, .payload = wire::encode_payload(wire::HostHello{})});
  const Frame hello = co_await conversation.receive();
  if (hello.type != FrameType::hello) {
    throw std::runtime_error("the agent's first frame is no hello");
  }
  conversation.hello_ = wire::decode_payload<wire::AgentHello>(hello.payload);
  co_return std::move(conversation);
}

async::Task<> Conversation::send(Frame frame) { co_await channel_->send(wire::encode(frame)); }

async::Task<Frame> Conversation::receive() { co_return wire::decode(co_await channel_->receive()); }

async::Task<Frame> Conversation::await_frame(FrameType type) {
  for (;;) {
    Frame frame = co_await receive();
    if (frame.type == type) {
      co_return frame;
    }
    if (frame.type == FrameType::refused) {
      const auto refusal = wire::decode_payload<wire::Refusal>(frame.payload);
      throw Error(error_kind_from(refusal.kind), refusal.message);
    }
  }
}

async::Task<> Conversation::open(std::uint32_t session, wire::OpenSession request) {
  co_await send({.type = FrameType::open, .session = session, .payload = wire::encode_payload(request)});
  co_await await_frame(FrameType::opened);
}

async::Task<> Conversation::input(std::uint32_t session, std::uint64_t offset, std::string bytes) {
  co_await send({.type = FrameType::input, .session = session, .offset = offset, .payload = std::move(bytes)});
}

async::Task<Outcome> Conversation::finish(std::uint32_t session) {
  Outcome outcome;
  for (;;) {
    const Frame frame = co_await receive();
    if (frame.type == FrameType::exited) {
      outcome.exit = wire::decode_payload<wire::SessionExit>(frame.payload);
      co_await send({.type = FrameType::close, .session = session, .payload = {}});
      co_return outcome;
    }
    if (frame.type == FrameType::output) {
      (frame.stream == wire::Stream::standard_error ? outcome.error : outcome.output) += frame.payload;
      co_await send({.type = FrameType::acknowledge,
                     .session = session,
                     .offset = frame.offset + frame.payload.size(),
                     .payload = {}});
    }
  }
}

async::Task<Outcome> Conversation::run(wire::OpenSession request, std::string bytes) {
  const std::uint32_t session = next_session_++;
  co_await open(session, std::move(request));
  if (!bytes.empty()) {
    co_await input(session, 0, std::move(bytes));
  }
  co_await send({.type = FrameType::input_end, .session = session, .payload = {}});
  co_return co_await finish(session);
}

async::Task<Outcome> Conversation::run(std::vector<std::string> command) {
  co_return co_await run(wire::OpenSession{.kind = wire::SessionKind::command, .command = std::move(command)});
}

}  // namespace berth::runtimes::contract
