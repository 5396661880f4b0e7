// SPDX-License-Identifier: Apache-2.0
#include "core/agent_link.h"

#include <algorithm>
#include <random>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"

namespace berth::core {
namespace {

constexpr Milliseconds answer_limit{10'000};
constexpr std::size_t waste_per_request = wire::output_window + wire::scrollback_window + (256U << 10);
constexpr std::size_t most_buffered = wire::output_window + wire::scrollback_window + (256U << 10);
constexpr std::size_t longest_output = 64U << 10;  // of one piece for a viewer
constexpr std::size_t most_outbox = 4096;  // frames; the senders are bounded by windows, so this is a broken agent

// A terminal gives 4 KiB at a time: what a viewer did not take yet is joined, so that a busy one costs its door few
// messages.
void append(std::deque<SessionItem>& items, wire::Stream stream, std::uint64_t offset, std::string_view bytes) {
  auto* last = items.empty() ? nullptr : std::get_if<SessionOutput>(&items.back());
  if (last != nullptr && last->stream == stream && last->offset + last->bytes.size() == offset &&
      last->bytes.size() + bytes.size() <= longest_output) {
    last->bytes.append(bytes);
  } else {
    items.emplace_back(SessionOutput{stream, offset, std::string(bytes)});
  }
}

std::uint32_t random_number() {
  static thread_local std::mt19937 generator{std::random_device{}()};
  return std::uniform_int_distribution<std::uint32_t>{1}(generator);
}

}  // namespace

AgentLink::AgentLink(std::unique_ptr<AgentChannel> channel, async::Executor executor)
    : channel_(std::move(channel)), executor_(std::move(executor)), changed_(executor_), writable_(executor_) {}

async::Task<> AgentLink::greet(Milliseconds limit) {
  co_await channel_->send(
      wire::encode({.type = wire::FrameType::hello, .payload = wire::encode_payload(wire::HostHello{})}));
  const wire::Frame frame =
      wire::decode(co_await async::with_limit(channel_->receive(), limit, "the agent in the instance did not answer"));
  if (frame.type != wire::FrameType::hello) {
    throw Error(ErrorKind::instance_fault, "the agent in the instance does not speak our protocol");
  }
  const auto hello = wire::decode_payload<wire::AgentHello>(frame.payload);
  if (hello.version != wire::agent_protocol_version || hello.sessions.size() > wire::max_sessions) {
    throw Error(ErrorKind::instance_fault, "the agent in the instance speaks another version of our protocol");
  }
  service_ = hello.service;
  for (const wire::SessionState& state : hello.sessions) {
    sessions_[state.session] = Session{.kind = state.kind,
                                       .command = state.command,
                                       .exit = state.exit,
                                       .refusal = {},
                                       .opened = true,
                                       .input_sent = state.input_end,
                                       .input_taken = state.input_end,
                                       .acknowledged = state.retained_from,
                                       .sent_to = {},
                                       .views = {}};
  }
}

async::Task<> AgentLink::run() {
  std::optional<Error> ended;
  try {
    co_await async::race(read_frames(), write_frames());
  } catch (const Error& error) {
    ended = error;
  } catch (const std::exception&) {
    ended = Error(ErrorKind::unavailable, "the connection to the instance was cut");
  }
  fail(ended.value_or(Error(ErrorKind::unavailable, "the connection to the instance was cut")));
}

void AgentLink::end() { fail(Error(ErrorKind::unavailable, "the instance is not running any more")); }

async::Task<> AgentLink::read_frames() {
  for (;;) {
    take(wire::decode(co_await channel_->receive()));
  }
}

async::Task<> AgentLink::write_frames() {
  for (;;) {
    while (outbox_.empty() && !failure_) {
      co_await writable_.wait();
    }
    throw_if_failed();
    std::string packet = std::move(outbox_.front());
    outbox_.pop_front();
    co_await channel_->send(std::move(packet));
  }
}

void AgentLink::take(wire::Frame frame) {
  if (frame.type == wire::FrameType::ports) {
    const auto asked = port_requests_.find(frame.session);
    if (asked == port_requests_.end() || asked->second) {
      waste(frame.payload.size() + wire::header_size);
      return;
    }
    asked->second = wire::decode_payload<wire::ListeningPorts>(frame.payload).ports;
    changed_.fire();
    return;
  }
  if (frame.type == wire::FrameType::service_state) {
    service_ = wire::decode_payload<wire::ServiceState>(frame.payload);
    waste(0);
    return;
  }
  const auto found = sessions_.find(frame.session);
  if (found == sessions_.end()) {
    waste(frame.payload.size() + wire::header_size);
    return;
  }
  Session& session = found->second;
  switch (frame.type) {
    case wire::FrameType::opened:
      session.opened = true;
      break;
    case wire::FrameType::refused: {
      const auto refusal = wire::decode_payload<wire::Refusal>(frame.payload);
      session.refusal = Error(error_kind_from(refusal.kind), refusal.message.substr(0, 500));
      break;
    }
    case wire::FrameType::output:
      take_output(frame, session);
      return;
    case wire::FrameType::input_acknowledged:
      session.input_taken = std::min(std::max(session.input_taken, frame.offset), session.input_sent);
      for (SessionView* view : session.views) {
        view->input_taken_ = InputTaken{session.input_taken};
        view->changed_.fire();
      }
      break;
    case wire::FrameType::exited:
      session.exit = wire::decode_payload<wire::SessionExit>(frame.payload);
      for (SessionView* view : session.views) {
        if (frame.offset <= view->received_) {  // else it is the answer to an older attach, and output is still to come
          deliver_exit(session, *view);
        }
      }
      break;
    default:
      throw Error(ErrorKind::instance_fault, "the agent in the instance sent a frame that only we may send");
  }
  changed_.fire();
}

// A frame that does not continue the one before it answers an attach, and those before that: the first it can be the
// answer to, as none begins before what it asked for. Until then what comes may be from before it, and a gap is none.
std::uint64_t AgentLink::answered_attach(const Session& session, std::uint64_t offset) {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  for (const SessionView* view : session.views) {
    if (!view->joined_ && view->attached_from_ <= offset) {
      first = std::min(first, view->attach_);
    }
  }
  return first == std::numeric_limits<std::uint64_t>::max() ? 0 : first;
}

void AgentLink::take_output(wire::Frame& frame, Session& session) {
  if (frame.stream == wire::Stream::none) {
    throw Error(ErrorKind::instance_fault, "the agent in the instance sent output of no stream");
  }
  const std::uint64_t end = frame.offset + frame.payload.size();
  const std::uint64_t answered = session.sent_to == frame.offset ? 0 : answered_attach(session, frame.offset);
  session.sent_to = end;
  bool wanted = false;
  for (SessionView* view : session.views) {
    view->joined_ = view->joined_ || view->attach_ <= answered || frame.offset <= view->received_;
    if (end <= view->received_ || !view->joined_) {
      continue;
    }
    wanted = true;
    const std::size_t known = frame.offset < view->received_ ? view->received_ - frame.offset : 0;
    const std::string_view bytes = std::string_view(frame.payload).substr(known);
    view->buffered_ += bytes.size();
    if (view->buffered_ > most_buffered) {
      throw Error(ErrorKind::instance_fault, "the agent in the instance sent more output than it may");
    }
    append(view->items_, frame.stream, frame.offset + known, bytes);
    view->received_ = end;
    view->changed_.fire();
  }
  if (!wanted) {
    waste(frame.payload.size() + wire::header_size);
  }
}

void AgentLink::deliver_exit(Session& session, SessionView& view) {
  if (!view.exit_delivered_) {
    view.exit_delivered_ = true;
    view.items_.emplace_back(*session.exit);
    view.changed_.fire();
  }
}

void AgentLink::send(wire::FrameType type, std::uint32_t session, std::uint64_t offset, std::string payload) {
  if (failure_) {
    return;
  }
  if (outbox_.size() >= most_outbox) {
    fail(Error(ErrorKind::instance_fault, "the agent in the instance takes nothing"));
    return;
  }
  outbox_.push_back(wire::encode({.type = type, .session = session, .offset = offset, .payload = std::move(payload)}));
  writable_.fire();
}

void AgentLink::waste(std::size_t bytes) {
  const std::size_t cost = bytes + 64;
  if (cost > waste_allowed_) {
    throw Error(ErrorKind::instance_fault, "the agent in the instance sends what nobody asked for");
  }
  waste_allowed_ -= cost;
}

void AgentLink::fail(const Error& error) {
  if (failure_) {
    return;
  }
  failure_ = error;
  changed_.fire();
  writable_.fire();
  for (auto& [number, session] : sessions_) {
    for (SessionView* view : session.views) {
      view->changed_.fire();
    }
  }
}

void AgentLink::throw_if_failed() const {
  if (failure_) {
    throw Error(*failure_);
  }
}

AgentLink::Session& AgentLink::known(std::uint32_t session) {
  throw_if_failed();
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || !found->second.opened) {
    throw Error(ErrorKind::not_found, "there is no such session; it may have been closed");
  }
  return found->second;
}

// An ended session nobody looks at is kept for a late viewer, but not at the price of a new one.
void AgentLink::make_room() {
  if (sessions_.size() < wire::max_sessions) {
    return;
  }
  const auto spare = std::ranges::find_if(
      sessions_, [](const auto& entry) { return entry.second.exit && entry.second.views.empty(); });
  if (spare == sessions_.end()) {
    throw Error(ErrorKind::exhausted, "the instance has " + std::to_string(wire::max_sessions) +
                                          " open sessions, which is the most it can have; close one first");
  }
  close(spare->first);
}

std::uint32_t AgentLink::begin(const wire::OpenSession& request) {
  throw_if_failed();
  make_room();
  std::string payload = wire::encode_payload(request);
  if (payload.size() > wire::max_payload) {
    throw Error(ErrorKind::too_large, "the command and its environment are too long");
  }
  std::uint32_t number = random_number();
  while (sessions_.contains(number)) {
    number = random_number();
  }
  sessions_[number] = Session{.kind = request.kind, .command = request.command, .sent_to = 0};
  waste_allowed_ += waste_per_request;
  send(wire::FrameType::open, number, 0, std::move(payload));
  return number;
}

async::Task<> AgentLink::opened(std::uint32_t number) {
  const auto self = shared_from_this();
  const auto wait_for_answer = [](AgentLink& link, std::uint32_t session) -> async::Task<> {
    while (!link.failure_ && link.sessions_.contains(session) && !link.sessions_[session].opened &&
           !link.sessions_[session].refusal) {
      co_await link.changed_.wait();
    }
  };
  const bool answered = co_await async::finishes_within(wait_for_answer(*this, number), answer_limit);
  throw_if_failed();
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) {
    throw Error(ErrorKind::not_found, "the session was closed");
  }
  if (!answered) {
    close(number);
    throw Error(ErrorKind::timed_out, "the agent in the instance did not answer");
  }
  if (found->second.refusal) {
    const Error refusal = *found->second.refusal;
    sessions_.erase(found);
    throw Error(refusal);
  }
}

async::Task<std::uint32_t> AgentLink::open(wire::OpenSession request) {
  const std::uint32_t number = begin(request);
  co_await opened(number);
  co_return number;
}

async::Task<std::unique_ptr<SessionView>> AgentLink::open_view(wire::OpenSession request) {
  const std::uint32_t number = begin(request);
  auto view = std::make_unique<SessionView>(shared_from_this(), number, 0);
  sessions_[number].views.insert(view.get());
  co_await opened(number);
  co_return view;
}

std::unique_ptr<SessionView> AgentLink::attach(std::uint32_t session, std::uint64_t offset) {
  Session& entry = known(session);
  auto view = std::make_unique<SessionView>(shared_from_this(), session, offset);
  // The agent sends every viewer's output once: it must go back to the one furthest behind.
  std::uint64_t from = offset;
  for (const SessionView* other : entry.views) {
    from = std::min(from, other->received_);
  }
  entry.views.insert(view.get());
  view->attach_ = ++entry.attaches;
  view->attached_from_ = from;
  waste_allowed_ += waste_per_request;
  send(wire::FrameType::attach, session, from, {});
  return view;
}

void AgentLink::close(std::uint32_t session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) {
    return;
  }
  const std::set<SessionView*> views = found->second.views;
  sessions_.erase(found);
  waste_allowed_ += waste_per_request;
  send(wire::FrameType::close, session, 0, {});
  for (SessionView* view : views) {
    view->changed_.fire();
  }
}

std::vector<SessionSummary> AgentLink::sessions() const {
  std::vector<SessionSummary> list;
  for (const auto& [number, session] : sessions_) {
    if (session.opened) {
      const auto viewers =
          std::ranges::count_if(session.views, [](const SessionView* view) { return !view->records_; });
      list.push_back({number, session.kind, session.command, session.exit, static_cast<std::size_t>(viewers)});
    }
  }
  return list;
}

async::Task<std::vector<wire::ListeningPort>> AgentLink::listening_ports() {
  throw_if_failed();
  const auto self = shared_from_this();
  const std::uint32_t request = next_request_++;
  port_requests_[request] = std::nullopt;
  send(wire::FrameType::list_ports, request, 0, {});
  const auto wait_for_answer = [](AgentLink& link, std::uint32_t number) -> async::Task<> {
    while (!link.failure_ && !link.port_requests_[number]) {
      co_await link.changed_.wait();
    }
  };
  const bool answered = co_await async::finishes_within(wait_for_answer(*this, request), answer_limit);
  auto answer = std::move(port_requests_[request]);
  port_requests_.erase(request);
  throw_if_failed();
  if (!answered || !answer) {
    waste_allowed_ += waste_per_request;
    throw Error(ErrorKind::timed_out, "the agent in the instance did not answer");
  }
  co_return std::move(*answer);
}

// The slowest viewer sets the pace: what it has not taken must stay available.
void AgentLink::send_acknowledgement(std::uint32_t number, Session& session) {
  if (session.views.empty()) {
    return;
  }
  std::uint64_t taken = std::numeric_limits<std::uint64_t>::max();
  for (const SessionView* view : session.views) {
    taken = std::min(taken, view->acknowledged_);
  }
  if (taken > session.acknowledged) {
    session.acknowledged = taken;
    send(wire::FrameType::acknowledge, number, taken, {});
  }
}

void AgentLink::detach(SessionView& view) {
  const auto found = sessions_.find(view.session_);
  if (found != sessions_.end() && found->second.views.erase(&view) != 0) {
    waste_allowed_ += waste_per_request;  // what is on its way to it
    send_acknowledgement(found->first, found->second);
    if (!view.name_.empty()) {
      tell_viewers(found->second, nullptr);
    }
  }
}

void AgentLink::tell_viewers(Session& session, const SessionView* but) {
  for (SessionView* view : session.views) {
    if (view != but && !view->name_.empty()) {
      view->viewers_changed_ = true;
      view->changed_.fire();
    }
  }
}

void AgentLink::tell_recorders(Session& session, wire::WindowSize size) {
  for (SessionView* view : session.views) {
    if (view->records_) {
      view->items_.emplace_back(size);
      view->changed_.fire();
    }
  }
}

}  // namespace berth::core
