// SPDX-License-Identifier: Apache-2.0
#include "warden/exit_watch.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::uint64_t wake_number = UINT64_MAX;

void watch(const Descriptor& epoll, int descriptor, std::uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  check(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event), "watch a process");
}

}  // namespace

ExitWatch::ExitWatch(std::function<void(std::uint64_t)> ended)
    : ended_(std::move(ended)),
      epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "watch processes")),
      wake_(check(::eventfd(0, EFD_CLOEXEC), "watch processes")) {
  watch(epoll_, wake_.get(), wake_number);
  thread_ = std::thread([this] { run(); });
}

ExitWatch::~ExitWatch() {
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void ExitWatch::add(std::uint64_t number, int pidfd) {
  Descriptor ours(check(::fcntl(pidfd, F_DUPFD_CLOEXEC, 0), "watch a process"));
  const std::lock_guard lock(mutex_);
  const int descriptor = ours.get();
  watched_[number] = std::move(ours);
  watch(epoll_, descriptor, number);
}

void ExitWatch::run() {
  for (;;) {
    epoll_event events[64];
    const int count = ::epoll_wait(epoll_.get(), events, 64, -1);
    for (int index = 0; index < count; ++index) {
      const std::uint64_t number = events[index].data.u64;
      if (number == wake_number) {
        return;
      }
      {
        const std::lock_guard lock(mutex_);
        const auto watched = watched_.find(number);
        if (watched == watched_.end()) {
          continue;
        }
        // Closing it would not end the watch, since others hold the same open file.
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched->second.get(), nullptr);
        watched_.erase(watched);
      }
      ended_(number);
    }
  }
}

}  // namespace berth::warden
