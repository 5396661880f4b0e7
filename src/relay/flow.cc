// SPDX-License-Identifier: Apache-2.0
#include "relay/flow.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace berth::relay {
namespace {

// A read of at least so much belongs to a long flow, and one of less than the other ends it.
constexpr std::size_t large_read = 32768;
constexpr std::size_t small_read = 8192;
// Pipes pay from here on.
constexpr std::size_t long_flow = 1 << 20;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

Flow::Turn Flow::turn(Supplies& supplies) {
  if (closed_) {
    return Turn::ended;
  }
  Turn result = Turn::has_more;
  for (const std::uint64_t begin = moved_; moved_ - begin < copied_bytes_per_turn;) {
    if (!give(supplies)) {
      result = Turn::waits;
      break;
    }
    if (ended_) {
      closed_ = true;
      if (!from_.failed && ::shutdown(to_.socket.get(), SHUT_WR) != 0) {
        to_.failed = true;
      }
      to_.ended = true;
      result = Turn::ended;
      break;
    }
    if (!from_.readable) {
      result = Turn::waits;
      break;
    }
    take(supplies);
  }
  put_pipe_back(supplies);
  return result;
}

// Whether `to` took everything there was.
bool Flow::give(Supplies& supplies) {
  if (held_.empty() && piped_ == 0) {
    return true;
  }
  return to_.writable && !to_.failed && give_held(supplies) && give_piped(supplies);
}

bool Flow::give_held(Supplies& supplies) {
  while (!held_.empty()) {
    const ssize_t count = ::send(to_.socket.get(), held_.data(), held_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      to_.writable = false;
      to_.failed |= !would_block();
      return false;
    }
    moved_ += static_cast<std::size_t>(count);
    held_ = held_.subspan(static_cast<std::size_t>(count));
  }
  if (buffer_ != nullptr) {
    supplies.buffers.put(std::move(buffer_));
  } else {
    first_ = {};
  }
  return true;
}

bool Flow::give_piped(Supplies& supplies) {
  while (piped_ > 0) {
    const ssize_t count =
        ::splice(pipe_->output.get(), nullptr, to_.socket.get(), nullptr, piped_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      to_.writable = false;
      to_.failed |= count == 0 || !would_block();
      return false;
    }
    moved_ += static_cast<std::size_t>(count);
    piped_ -= static_cast<std::size_t>(count);
    supplies.bytes_spliced.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
  }
  return true;
}

void Flow::take(Supplies& supplies) {
  if (run_ >= long_flow && splices_ && pipe_ == nullptr) {
    pipe_ = supplies.pipes.take(supplies.now);
  }
  if (pipe_ != nullptr) {
    take_by_splicing();
  } else {
    take_by_copying(supplies);
  }
}

void Flow::take_by_copying(Supplies& supplies) {
  buffer_ = supplies.buffers.take();
  ssize_t count = 0;
  do {
    count = ::recv(from_.socket.get(), buffer_->data(), buffer_->size(), 0);
  } while (count < 0 && errno == EINTR);
  if (nothing_came(count)) {
    supplies.buffers.put(std::move(buffer_));
    return;
  }
  held_ = std::span(buffer_->data(), static_cast<std::size_t>(count));
  // A short read has emptied the socket (epoll(7)), but for two cases.
  from_.readable = held_.size() == buffer_->size() || from_.hung_up || from_.urgent;
  took(held_.size());
}

// The pipe is empty here, so "would block" speaks of the socket. A short splice does not mean that all was read.
void Flow::take_by_splicing() {
  ssize_t count = 0;
  do {
    count = ::splice(from_.socket.get(), nullptr, pipe_->input.get(), nullptr, pipe_->capacity,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EINVAL || errno == ENOMEM)) {
    splices_ = false;
    run_ = 0;
  } else if (!nothing_came(count)) {
    piped_ = static_cast<std::size_t>(count);
    took(piped_);
  }
}

// Notes what a read of no bytes means.
bool Flow::nothing_came(ssize_t count) {
  if (count > 0) {
    return false;
  }
  from_.readable = false;
  ended_ = count == 0;
  from_.failed |= count < 0 && !would_block();
  return true;
}

void Flow::took(std::size_t count) {
  if (count >= large_read) {
    run_ += count;
  } else if (count < small_read) {
    run_ = 0;
  }
}

void Flow::put_pipe_back(Supplies& supplies) {
  if (pipe_ != nullptr && piped_ == 0) {
    supplies.pipes.put(std::move(pipe_));
  }
}

void Flow::drop(Supplies& supplies) {
  put_pipe_back(supplies);
  if (pipe_ != nullptr) {
    pipe_.reset();
    supplies.pipes.forget();
  }
}

}  // namespace berth::relay
