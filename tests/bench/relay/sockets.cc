// SPDX-License-Identifier: Apache-2.0
#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

namespace berth::bench {
namespace {

Descriptor send_at_once(Descriptor socket) {
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

}  // namespace

void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

Descriptor listen_on_loopback() {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 4096) != 0) {
    give_up("listen");
  }
  return listener;
}

std::uint16_t port_of(const Descriptor& listener) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    give_up("getsockname");
  }
  return ntohs(address.sin_port);
}

Descriptor connect_to(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up("connect");
  }
  return send_at_once(std::move(socket));
}

Descriptor accept_from(const Descriptor& listener) {
  Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) {
    give_up("accept");
  }
  return send_at_once(std::move(socket));
}

void send_byte(const Descriptor& socket) {
  if (::send(socket.get(), "x", 1, MSG_NOSIGNAL) != 1) {
    give_up("send");
  }
}

void receive_byte(const Descriptor& socket) {
  char byte = 0;
  if (::recv(socket.get(), &byte, 1, 0) != 1) {
    give_up("recv");
  }
}

}  // namespace berth::bench
