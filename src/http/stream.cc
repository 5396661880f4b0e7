// SPDX-License-Identifier: Apache-2.0
#include "http/stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "async/time_limit.h"

namespace berth::http {
namespace {

constexpr std::size_t most_at_once = 64 * 1024;
constexpr std::size_t most_thrown_away = 64 * 1024 * 1024;
// Calls that found the socket ready before others get their turn.
constexpr unsigned turn_length = 16;
constexpr std::size_t kept_when_idle = 4 * 1024;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

class Stream::Socket {
 public:
  Socket(const async::Executor& executor, Descriptor socket) : watched_(executor, socket.release()) {}

  int number() { return watched_.native_handle(); }
  async::Task<> readable() { return wait(boost::asio::posix::descriptor_base::wait_read); }
  async::Task<> writable() { return wait(boost::asio::posix::descriptor_base::wait_write); }
  async::Task<> failed() { return wait(boost::asio::posix::descriptor_base::wait_error); }
  Descriptor release() { return Descriptor(watched_.release()); }

 private:
  async::Task<> wait(boost::asio::posix::descriptor_base::wait_type event) {
    co_await watched_.async_wait(event, boost::asio::use_awaitable);
  }

  boost::asio::posix::stream_descriptor watched_;
};

Stream::Stream(const async::Executor& executor, Descriptor socket, std::size_t most_buffered)
    : socket_(std::make_unique<Socket>(executor, std::move(socket))), most_buffered_(most_buffered) {}

Stream::~Stream() = default;

void Stream::consume(std::size_t count) {
  consumed_ += count;
  if (consumed_ == input_.size()) {
    input_.clear();
    consumed_ = 0;
    if (input_.capacity() > kept_when_idle) {
      input_.shrink_to_fit();
    }
  }
}

void Stream::fail(const char* what) {
  broken_ = true;
  throw Error(ErrorKind::unavailable, what);
}

// One connection's fast peer must not keep the event thread to itself.
async::Task<> Stream::take_turn() {
  if (++turns_ % turn_length == 0) {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  }
}

Stream::Arrival Stream::receive() {
  if (consumed_ > 0) {
    input_.erase(0, std::exchange(consumed_, 0));
  }
  const std::size_t before = input_.size();
  const std::size_t room = std::min(most_at_once, most_buffered_ - std::min(most_buffered_, before));
  input_.resize(before + room);
  const ssize_t count = ::recv(socket_->number(), input_.data() + before, room, 0);
  const bool blocked = count < 0 && would_block();
  input_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0 && !blocked) {
    fail("the client has gone away");
  }
  return count > 0 ? Arrival::some : blocked ? Arrival::none : Arrival::end;
}

async::Task<bool> Stream::fill(Milliseconds limit) {
  if (broken_) {
    fail("the client has gone away");
  }
  if (full()) {
    throw Error(ErrorKind::too_large, "the client sends more than is read");
  }
  co_await take_turn();
  while (!ended_) {
    const Arrival arrival = receive();
    if (arrival == Arrival::some) {
      co_return true;
    }
    if (arrival == Arrival::end) {
      ended_ = true;
    } else if (!co_await async::finishes_within(socket_->readable(), limit)) {
      throw Error(ErrorKind::timed_out, "the client sends too slowly");
    }
  }
  co_return false;
}

std::size_t Stream::send() {
  const ssize_t count = ::send(socket_->number(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
  if (count < 0 && !would_block()) {
    fail("the client has gone away");
  }
  return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
}

async::Task<> Stream::write(std::string bytes, Milliseconds limit) {
  if (output_.empty()) {
    output_ = std::move(bytes);
  } else {
    output_ += bytes;  // behind what a cancelled call left
  }
  if (broken_) {
    fail("the client has gone away");
  }
  co_await take_turn();
  while (sent_ < output_.size()) {
    const std::size_t count = send();
    sent_ += count;
    if (count == 0 && !co_await async::finishes_within(socket_->writable(), limit)) {
      fail("the client takes nothing");
    }
  }
  output_.clear();
  output_.shrink_to_fit();
  sent_ = 0;
}

async::Task<> Stream::closed_by_peer() {
  while (!ended_ && !broken_) {
    if (full()) {
      co_await socket_->failed();
      co_return;
    }
    co_await socket_->readable();
    try {
      ended_ = receive() == Arrival::end;
    } catch (const Error&) {
      co_return;
    }
  }
}

async::Task<> Stream::linger(Milliseconds limit) {
  if (!broken_ && ::shutdown(socket_->number(), SHUT_WR) == 0) {
    co_await async::finishes_within(drain(limit), limit);
  }
}

async::Task<> Stream::drain(Milliseconds limit) {
  for (std::size_t thrown_away = 0; thrown_away < most_thrown_away; thrown_away += buffered().size()) {
    consume(buffered().size());
    try {
      if (!co_await fill(limit)) {
        co_return;
      }
    } catch (const Error&) {
      co_return;
    }
  }
}

void Stream::cut() {
  broken_ = true;
  const ::linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_->number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket_.reset();
}

Descriptor Stream::release() {
  broken_ = true;
  return socket_->release();
}

}  // namespace berth::http
