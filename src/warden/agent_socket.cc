// SPDX-License-Identifier: Apache-2.0
#include "warden/agent_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

// A socket's path may be 107 characters long; one through a descriptor of its folder always fits.
sockaddr_un address_in(const Descriptor& folder, const std::string& id) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s.sock", folder.get(), id.c_str());
  return address;
}

Descriptor make_socket() {
  return Descriptor(check(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "make a socket"));
}

}  // namespace

Descriptor listen_for_agent(const path& folder, const std::string& id) {
  remove_agent_socket(folder, id);
  const Descriptor directory = open_path(folder, O_DIRECTORY);
  const sockaddr_un address = address_in(directory, id);
  Descriptor listener = make_socket();
  check(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "make an agent's socket");
  check(::listen(listener.get(), 16), "listen for an agent");
  return listener;
}

Descriptor connect_to_agent(const path& folder, const std::string& id, Milliseconds limit) {
  const Descriptor directory = open_path(folder, O_DIRECTORY);
  const sockaddr_un address = address_in(directory, id);
  Descriptor connection = make_socket();
  const auto seconds = std::chrono::floor<Seconds>(limit);
  const timeval patience{seconds.count(), std::chrono::microseconds(limit - seconds).count()};
  // For a unix socket this limits connect() as well.
  check(::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), "limit a connection");
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EAGAIN) {
      throw Error(ErrorKind::timed_out, "the instance's agent does not take connections");
    }
    throw Error(ErrorKind::unavailable, "the instance's agent is not there");
  }
  const timeval none{};
  check(::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none), "unlimit a connection");
  return connection;
}

void remove_agent_socket(const path& folder, const std::string& id) { ::unlink((folder / (id + ".sock")).c_str()); }

}  // namespace berth::warden
