// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/channel.h"

#include <algorithm>
#include <utility>

namespace berth::doors::ssh {
namespace {

constexpr std::size_t most_items = 256;  // sizes and signals that nobody has taken yet; more are dropped

}  // namespace

Channel::Channel(async::Executor executor, ChannelNumber number, Orderer order)
    : number_(number), order_(std::move(order)), changed_(executor) {}

async::Task<Channel::Item> Channel::next() {
  while (items_.empty()) {
    co_await changed_.wait();
  }
  Item item = std::move(items_.front());
  items_.pop_front();
  co_return item;
}

void Channel::consumed(std::size_t bytes) { order_(Consumed{number_, bytes}); }

async::Task<> Channel::write(wire::Stream stream, std::string bytes) {
  while (unsent_ >= channel_buffer && !closed_) {
    co_await changed_.wait();
  }
  if (!closed_) {
    unsent_ += bytes.size();
    order_(Output{.channel = number_, .stream = stream, .bytes = std::move(bytes)});
  }
}

void Channel::end_output() { order_(EndOutput{number_}); }
void Channel::finish(std::optional<wire::SessionExit> exit) { order_(Finish{number_, exit}); }
void Channel::answer_forward(bool welcome) { order_(AnswerForward{number_, welcome}); }

async::Task<> Channel::closed() {
  while (!closed_) {
    co_await changed_.wait();
  }
}

void Channel::take(Item item) {
  auto* const input = std::get_if<Input>(&item);
  auto* const last = items_.empty() ? nullptr : std::get_if<Input>(&items_.back());
  if (input != nullptr && last != nullptr) {
    last->bytes += input->bytes;  // single bytes would weigh a hundred times what they are
  } else if (items_.size() < most_items || input != nullptr || std::holds_alternative<InputEnded>(item)) {
    items_.push_back(std::move(item));
  }
  changed_.fire();
}

void Channel::take(const Taken& taken) {
  unsent_ -= std::min(unsent_, taken.bytes);
  changed_.fire();
}

void Channel::close() {
  closed_ = true;
  changed_.fire();
}

}  // namespace berth::doors::ssh
