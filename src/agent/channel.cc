// SPDX-License-Identifier: Apache-2.0
#include "agent/channel.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"

namespace berth::agent {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) {
    throw Error(ErrorKind::unavailable, "cannot make an epoll descriptor");
  }
}

void Poller::watch(Channel& channel) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &channel;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, channel.get(), &event) != 0) {
    throw Error(ErrorKind::exhausted, "cannot watch one more descriptor");
  }
}

bool Poller::wait(std::optional<Moment> deadline) {
  int timeout = -1;
  if (deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
  }
  std::array<epoll_event, 32> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
  if (count <= 0) {
    return false;
  }
  for (const epoll_event& event : std::span(events.data(), static_cast<std::size_t>(count))) {
    auto& channel = *static_cast<Channel*>(event.data.ptr);
    const bool over = (event.events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
    channel.readable = channel.readable || over || (event.events & EPOLLIN) != 0;
    channel.writable = channel.writable || over || (event.events & EPOLLOUT) != 0;
  }
  return true;
}

}  // namespace berth::agent
