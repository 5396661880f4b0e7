// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/trigger.h"
#include "core/runtime.h"

namespace berth::runtimes::fake {

// One connection to a fake agent: a bounded queue of packets each way, as a socket has. The host's end waits, the
// agent's end is called. What was sent before either end closed is still received.
class FakeLink {
 public:
  explicit FakeLink(const async::Executor& executor) : changed_(executor) {}

  // The agent's end. `on_change` is called when the host sent, took or closed; it must not be called after unhook().
  void hook(std::function<void()> on_change) { on_change_ = std::move(on_change); }
  void unhook() { on_change_ = nullptr; }
  bool has_space() const { return to_host_.size() < capacity; }
  bool has_packets() const { return !to_agent_.empty(); }
  void push(std::string packet);
  std::optional<std::string> take();
  void close();
  bool closed() const { return closed_; }

  // The host's end.
  async::Task<std::string> receive();
  async::Task<> send(std::string packet);
  void close_by_host();

 private:
  static constexpr std::size_t capacity = 32;  // packets each way
  void tell_agent();

  async::Trigger changed_;
  std::function<void()> on_change_;
  std::deque<std::string> to_host_;
  std::deque<std::string> to_agent_;
  bool closed_ = false;
};

// The host's end of a link, as core sees it. The link is shared: either end may go first.
std::unique_ptr<core::AgentChannel> make_channel(std::shared_ptr<FakeLink> link);

}  // namespace berth::runtimes::fake
