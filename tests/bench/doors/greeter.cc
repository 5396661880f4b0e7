// SPDX-License-Identifier: Apache-2.0
// A service that does as little as one can: it sends one byte to who connects to port 1337, and echoes what comes.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace {

void watch(int poller, int socket) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
  ::epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
}

void accept_one(int poller, int listener) {
  const int socket = ::accept(listener, nullptr, nullptr);
  if (socket >= 0) {
    ::send(socket, "!", 1, MSG_NOSIGNAL);
    watch(poller, socket);
  }
}

void echo(int socket) {
  char bytes[4096];
  const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
  if (count <= 0 || ::send(socket, bytes, static_cast<size_t>(count), MSG_NOSIGNAL) != count) {
    ::close(socket);
  }
}

}  // namespace

int main() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(std::uint16_t{1337});
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 1024) != 0) {
    return 1;
  }
  const int poller = ::epoll_create1(0);
  watch(poller, listener);
  for (;;) {
    epoll_event event{};
    if (::epoll_wait(poller, &event, 1, -1) == 1) {
      event.data.fd == listener ? accept_one(poller, listener) : echo(event.data.fd);
    }
  }
}
