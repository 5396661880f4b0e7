// SPDX-License-Identifier: Apache-2.0
#include "relay/side.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>

#include "relay/flow.h"

namespace berth::relay {
namespace {

// A dead peer is noticed after about three minutes, and a quiet connection survives most address translators.
constexpr int keep_alive_seconds = 60;
constexpr int keep_alive_interval_seconds = 20;
constexpr int keep_alive_probes = 6;

// Options that a socket does not have (a pair of Unix sockets is no TCP) are left alone.
void set(const Descriptor& socket, int level, int option, int value) {
  ::setsockopt(socket.get(), level, option, &value, sizeof value);
}

}  // namespace

bool Side::prepare(int epoll) {
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return false;
  }
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval_seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, keep_alive_probes);
  set(socket, SOL_SOCKET, SO_OOBINLINE, 1);  // an urgent byte stays where it was in the stream
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET, .data = {.ptr = this}};
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket.get(), &event) == 0;
}

void Side::note(std::uint32_t events) {
  readable |= (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  writable |= (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  hung_up |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  urgent |= (events & EPOLLPRI) != 0;
  failed |= (events & EPOLLERR) != 0;
  // The other end of a pair that is no TCP is closed, and not just one way of it: there, a reset looks like this.
  failed |= (events & EPOLLHUP) != 0 && !ended && is_client;
}

void Side::close_with_end(int epoll) {
  ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket.get(), nullptr);
  ::shutdown(socket.get(), SHUT_WR);
  // Bytes nobody read would make the kernel send a reset.
  std::array<char, 16384> unread;
  for (std::size_t discarded = 0; discarded < copied_bytes_per_turn;) {
    const ssize_t count = ::recv(socket.get(), unread.data(), unread.size(), MSG_DONTWAIT);
    if (count <= 0) {
      break;
    }
    discarded += static_cast<std::size_t>(count);
  }
  socket.reset();
}

void Side::close_with_reset(int epoll) {
  ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket.get(), nullptr);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.reset();
}

}  // namespace berth::relay
