// SPDX-License-Identifier: Apache-2.0
#include "cli/pump.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/error.h"
#include "cli/text.h"

namespace berth::cli {

Wake::Wake() : event_(::eventfd(0, EFD_CLOEXEC)) {
  if (!event_) {
    throw Error(ErrorKind::unavailable, "there are too many open files");
  }
}

void Wake::set() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

bool Wake::wait(int descriptor, short events) const {
  std::array<pollfd, 2> waiting = {{{descriptor, events, 0}, {event_.get(), POLLIN, 0}}};
  while (::poll(waiting.data(), waiting.size(), -1) < 0 && errno == EINTR) {
  }
  return waiting[1].revents == 0;
}

InputPump::InputPump(int descriptor, std::function<void(std::string)> deliver)
    : descriptor_(descriptor), deliver_(std::move(deliver)), thread_([this] { run(); }) {}

InputPump::~InputPump() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.set();
  changed_.notify_one();
  thread_.join();
}

void InputPump::more() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  changed_.notify_one();
}

void InputPump::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return wanted_ || stopping_; });
      wanted_ = false;
    }
    if (!stop_.wait(descriptor_, POLLIN)) {
      return;
    }
    std::string bytes(piece, '\0');
    ssize_t count = 0;
    do {
      count = ::read(descriptor_, bytes.data(), bytes.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN) {
      more();
      continue;
    }
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    deliver_(std::move(bytes));
    if (count <= 0) {
      return;
    }
  }
}

OutputPump::OutputPump(std::function<void(std::size_t, bool)> wrote)
    : wrote_(std::move(wrote)), thread_([this] { run(); }) {}

OutputPump::~OutputPump() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.set();
  changed_.notify_one();
  thread_.join();
}

void OutputPump::push(int descriptor, std::string bytes) { add({descriptor, std::move(bytes), false}); }

void OutputPump::push_note(int descriptor, std::string note) { add({descriptor, std::move(note), true}); }

void OutputPump::add(Item item) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(item));
  }
  changed_.notify_one();
}

void OutputPump::run() {
  while (true) {
    Item next{};
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !queue_.empty() || stopping_; });
      if (stopping_) {
        return;
      }
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    const bool ok = write(next.descriptor, next.bytes);
    if (!next.is_note) {
      wrote_(next.bytes.size(), ok);
    }
  }
}

// Pieces of PIPE_BUF: a pipe that is ready takes one without blocking, so that stopping is always possible.
bool OutputPump::write(int descriptor, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += PIPE_BUF) {
    if (!stop_.wait(descriptor, POLLOUT)) {
      return true;
    }
    try {
      if (!write_all(descriptor, std::string_view(bytes).substr(at, PIPE_BUF))) {
        return false;
      }
    } catch (const Error&) {
      return false;
    }
  }
  return true;
}

}  // namespace berth::cli
