// SPDX-License-Identifier: Apache-2.0
#include "warden/packet.h"

#include <sys/socket.h>

#include <cstring>

#include "warden/system_error.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

namespace {

constexpr std::size_t room_for_descriptors = 16;

}  // namespace

std::optional<Packet> receive_packet(int connection, std::size_t most_descriptors) {
  Packet packet;
  packet.text.resize(wire::max_warden_message);
  iovec part{packet.text.data(), packet.text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(room_for_descriptors * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno != ECONNRESET) {
    throw_errno("receive a message");
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
      for (std::size_t at = 0; CMSG_LEN((at + 1) * sizeof(int)) <= header->cmsg_len; ++at) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(header) + at * sizeof(int), sizeof number);
        packet.descriptors.emplace_back(number);
      }
    }
  }
  if (got <= 0) {
    return std::nullopt;
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || packet.descriptors.size() > most_descriptors) {
    throw Error(ErrorKind::invalid_argument, "a message is too long or carries too many descriptors");
  }
  packet.text.resize(static_cast<std::size_t>(got));
  return packet;
}

void send_packet(int connection, std::string_view text, int descriptor) {
  send_packet(connection, text, descriptor >= 0 ? std::vector{descriptor} : std::vector<int>{});
}

void send_packet(int connection, std::string_view text, const std::vector<int>& descriptors) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(room_for_descriptors * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const std::size_t size = descriptors.size() * sizeof(int);
  if (size > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), descriptors.data(), size);
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(connection, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    throw Error(ErrorKind::unavailable, "the client does not take its answer");
  }
}

}  // namespace berth::warden
