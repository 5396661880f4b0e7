// SPDX-License-Identifier: Apache-2.0
#include "warden/network_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <string>

#include "warden/own_thread.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {

Descriptor open_network_namespace(pid_t pid, const Descriptor& pidfd) {
  Descriptor network(::open(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (!network || wait_readable(pidfd.get(), Milliseconds{0})) {
    throw Error(ErrorKind::conflict, "the instance does not run");
  }
  return network;
}

void in_network_namespace(const Descriptor& network, const std::function<void()>& work) {
  on_own_thread([&] {
    check(::setns(network.get(), CLONE_NEWNET), "enter the instance's network");
    work();
  });
}

Descriptor connect_inside(const Descriptor& network, std::uint16_t port, Milliseconds limit) {
  Descriptor connection;
  in_network_namespace(network, [&] {
    connection = Descriptor(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "make a socket"));
  });
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fault = 0;
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fault = errno;
  }
  if (fault == EINPROGRESS) {
    pollfd watched{connection.get(), POLLOUT, 0};
    if (::poll(&watched, 1, static_cast<int>(limit.count())) == 0) {
      throw Error(ErrorKind::timed_out, "port " + std::to_string(port) + " of the instance does not answer");
    }
    socklen_t size = sizeof fault;
    check(::getsockopt(connection.get(), SOL_SOCKET, SO_ERROR, &fault, &size), "connect to the instance");
  }
  if (fault != 0) {
    throw Error(ErrorKind::unavailable, "nothing listens on port " + std::to_string(port) + " of the instance");
  }
  check(::fcntl(connection.get(), F_SETFL, 0), "hand over a connection");
  return connection;
}

}  // namespace berth::warden
