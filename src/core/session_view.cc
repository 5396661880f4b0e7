// SPDX-License-Identifier: Apache-2.0
#include "core/session_view.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/agent_link.h"

namespace berth::core {

SessionView::SessionView(std::shared_ptr<AgentLink> link, std::uint32_t session, std::uint64_t position)
    : link_(std::move(link)),
      session_(session),
      received_(position),
      acknowledged_(position),
      changed_(link_->executor_) {}

SessionView::~SessionView() { link_->detach(*this); }

std::uint64_t SessionView::input_taken() const { return link_->known(session_).input_taken; }

void SessionView::introduce(std::string name, ViewerRole role) {
  name_ = std::move(name);
  assume(role);
  AgentLink::tell_viewers(link_->known(session_), this);
}

void SessionView::take_role(ViewerRole role) {
  assume(role);
  AgentLink::tell_viewers(link_->known(session_), nullptr);
}

void SessionView::assume(ViewerRole role) {
  if (role == ViewerRole::take_over) {
    for (SessionView* other : link_->known(session_).views) {
      other->role_ = other->role_ == ViewerRole::take_over ? ViewerRole::interact : other->role_;
    }
  }
  role_ = role;
}

void SessionView::record() {
  records_ = true;
  role_ = ViewerRole::view;
}

bool SessionView::may_write() const {
  const auto taken_over_by_other = [this](const SessionView* other) {
    return other != this && other->role_ == ViewerRole::take_over;
  };
  const auto found = link_->sessions_.find(session_);
  return role_ != ViewerRole::view &&
         (found == link_->sessions_.end() || std::ranges::none_of(found->second.views, taken_over_by_other));
}

std::vector<Viewer> SessionView::viewers() const {
  std::vector<Viewer> list;
  for (const SessionView* view : link_->known(session_).views) {
    if (!view->name_.empty()) {
      list.push_back({view->name_, view->role_, view == this});
    }
  }
  std::ranges::sort(list, {}, [](const Viewer& viewer) { return std::tie(viewer.name, viewer.role, viewer.self); });
  return list;
}

async::Task<SessionItem> SessionView::next() {
  while (items_.empty() && !input_taken_ && !viewers_changed_) {
    link_->known(session_);
    co_await changed_.wait();
  }
  if (input_taken_) {
    co_return *std::exchange(input_taken_, std::nullopt);
  }
  if (std::exchange(viewers_changed_, false)) {
    co_return ViewersChanged{};
  }
  SessionItem item = std::move(items_.front());
  items_.pop_front();
  if (const auto* output = std::get_if<SessionOutput>(&item)) {
    buffered_ -= output->bytes.size();
  }
  co_return item;
}

void SessionView::acknowledge(std::uint64_t offset) {
  // A viewer cannot take what it was never sent; a jump over lost bytes counts as taken.
  const std::uint64_t taken = std::min(offset, received_);
  if (taken <= acknowledged_) {
    return;
  }
  acknowledged_ = taken;
  const auto found = link_->sessions_.find(session_);
  if (found != link_->sessions_.end()) {
    link_->send_acknowledgement(session_, found->second);
  }
}

async::Task<> SessionView::input(std::string bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    AgentLink::Session& session = link_->known(session_);
    if (session.exit || !may_write()) {
      co_return;  // nobody reads it any more, or another hand is on it
    }
    const std::uint64_t room =
        wire::input_window - std::min(wire::input_window, session.input_sent - session.input_taken);
    if (room == 0) {
      co_await link_->changed_.wait();
      continue;
    }
    const std::size_t length = std::min({bytes.size() - sent, static_cast<std::size_t>(room), wire::max_payload});
    link_->send(wire::FrameType::input, session_, session.input_sent, bytes.substr(sent, length));
    session.input_sent += length;
    sent += length;
  }
}

void SessionView::end_input() {
  const AgentLink::Session& session = link_->known(session_);
  if (may_write()) {
    link_->send(wire::FrameType::input_end, session_, session.input_sent, {});
  }
}

void SessionView::resize(wire::WindowSize size) {
  AgentLink::Session& session = link_->known(session_);
  if (may_write()) {
    link_->send(wire::FrameType::resize, session_, 0, wire::encode_payload(size));
    AgentLink::tell_recorders(session, size);
  }
}

void SessionView::signal(int number) {
  if (number < 1 || number > 31) {
    throw Error(ErrorKind::invalid_argument, "a signal number is from 1 to 31");
  }
  link_->known(session_);
  if (may_write()) {
    link_->send(wire::FrameType::signal, session_, 0, wire::encode_payload(wire::SignalSession{number}));
  }
}

}  // namespace berth::core
