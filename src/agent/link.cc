// SPDX-License-Identifier: Apache-2.0
#include "agent/link.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::size_t most_waiting = 64;

[[noreturn]] void lost() { throw Error(ErrorKind::unavailable, "the host has gone"); }

}  // namespace

Link::Link(Descriptor connection) : channel_{.descriptor = std::move(connection)} {}

std::optional<wire::Frame> Link::receive() {
  std::array<char, wire::max_frame + 1> packet;  // the one byte more shows what is too long
  while (channel_.readable) {
    const ssize_t count = ::recv(channel_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (count > 0) {
      return wire::decode(std::string_view(packet.data(), static_cast<std::size_t>(count)));
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      lost();
    }
    channel_.readable = errno == EINTR;
  }
  return std::nullopt;
}

void Link::answer(const wire::Frame& frame) {
  waiting_.push_back(wire::encode(frame));
  flush();
}

bool Link::send(const wire::Frame& frame, std::string_view payload) {
  return flush() && send_packet(wire::encode(frame), payload);
}

bool Link::flush() {
  while (!waiting_.empty() && send_packet(waiting_.front(), {})) {
    waiting_.pop_front();
  }
  return waiting_.empty();
}

bool Link::clogged() const { return waiting_.size() >= most_waiting; }

bool Link::send_packet(std::string_view header, std::string_view payload) {
  std::array<iovec, 2> parts = {
      {{const_cast<char*>(header.data()), header.size()}, {const_cast<char*>(payload.data()), payload.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  while (channel_.writable) {
    if (::sendmsg(channel_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      return true;
    }
    if (errno != EAGAIN && errno != EINTR) {
      lost();
    }
    channel_.writable = errno == EINTR;
  }
  return false;
}

}  // namespace berth::agent
