// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/odd_warden.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "wire/warden_protocol.h"

namespace berth::runtimes::local {

std::string OddWarden::Peer::read() {
  std::string packet(wire::max_warden_message, '\0');
  iovec part{.iov_base = packet.data(), .iov_len = packet.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
  packet.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  descriptors_.clear();
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message); length > 0 && header != nullptr) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
    descriptors_.emplace_back(number);
  }
  return packet;
}

void OddWarden::Peer::write(std::string_view packet, const std::vector<int>& descriptors) {
  std::string bytes(packet);
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> control{};
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  }
  sendmsg(socket_, &message, MSG_NOSIGNAL);
}

void OddWarden::Peer::greet() {
  read();
  write(R"({"result":{"version":1,"runtime":"odd","most_instances":1,"recipes":[]}})");
}

bool OddWarden::Peer::others_wait(Milliseconds limit) const {
  pollfd listener{.fd = listener_, .events = POLLIN, .revents = 0};
  return poll(&listener, 1, static_cast<int>(limit.count())) == 1;
}

OddWarden::OddWarden(Serve serve) : serve_(std::move(serve)) {
  std::string name = (std::filesystem::temp_directory_path() / "berth-odd-warden-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  listener_ = Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path().copy(address.sun_path, sizeof address.sun_path - 1);
  if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_.get(), 16) != 0) {
    std::abort();
  }
  thread_ = std::thread([this] { accept_all(); });
}

OddWarden::~OddWarden() {
  shutdown(listener_.get(), SHUT_RDWR);  // accept() fails
  thread_.join();
  std::filesystem::remove_all(folder_);
}

void OddWarden::await_closed(int count) const {
  for (int closed = closed_; closed < count; closed = closed_) {
    closed_.wait(closed);
  }
}

void OddWarden::accept_all() {
  for (;;) {
    Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) {
      return;
    }
    ++connections_;
    const timeval deadline{.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    Peer peer(socket.get(), listener_.get());
    serve_(peer);
    socket.reset();
    ++closed_;
    closed_.notify_all();
  }
}

}  // namespace berth::runtimes::local
