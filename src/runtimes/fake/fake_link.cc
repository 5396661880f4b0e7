// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_link.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/error.h"
#include "wire/agent_protocol.h"

namespace berth::runtimes::fake {
namespace {

class FakeChannel final : public core::AgentChannel {
 public:
  explicit FakeChannel(std::shared_ptr<FakeLink> link) : link_(std::move(link)) {}
  ~FakeChannel() override { link_->close_by_host(); }
  async::Task<std::string> receive() override { return link_->receive(); }
  async::Task<> send(std::string packet) override { return link_->send(std::move(packet)); }

 private:
  std::shared_ptr<FakeLink> link_;
};

[[noreturn]] void throw_gone() { throw Error(ErrorKind::unavailable, "the agent closed its connection"); }

}  // namespace

void FakeLink::push(std::string packet) {
  if (!closed_) {
    to_host_.push_back(std::move(packet));
    changed_.fire();
  }
}

std::optional<std::string> FakeLink::take() {
  if (to_agent_.empty()) {
    return std::nullopt;
  }
  std::string packet = std::move(to_agent_.front());
  to_agent_.pop_front();
  changed_.fire();
  return packet;
}

void FakeLink::close() {
  closed_ = true;
  changed_.fire();
}

async::Task<std::string> FakeLink::receive() {
  // A channel that is never empty must not starve everyone else on the event thread.
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  while (to_host_.empty()) {
    if (closed_) {
      throw_gone();
    }
    co_await changed_.wait();
  }
  std::string packet = std::move(to_host_.front());
  to_host_.pop_front();
  tell_agent();
  if (packet.size() > wire::max_frame) {
    throw Error(ErrorKind::instance_fault, "the agent sent a frame that is too long");
  }
  co_return packet;
}

async::Task<> FakeLink::send(std::string packet) {
  while (!closed_ && to_agent_.size() >= capacity) {
    co_await changed_.wait();
  }
  if (closed_) {
    throw_gone();
  }
  to_agent_.push_back(std::move(packet));
  tell_agent();
}

void FakeLink::close_by_host() {
  closed_ = true;
  tell_agent();
}

void FakeLink::tell_agent() {
  if (on_change_) {
    const auto call = on_change_;  // it may unhook itself
    call();
  }
}

std::unique_ptr<core::AgentChannel> make_channel(std::shared_ptr<FakeLink> link) {
  return std::make_unique<FakeChannel>(std::move(link));
}

}  // namespace berth::runtimes::fake
