// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/packet_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "async/time_limit.h"
#include "base/error.h"

namespace berth::runtimes::local {
namespace {

namespace asio = boost::asio;
using Wait = asio::posix::descriptor_base;

constexpr std::size_t most_descriptors = 4;  // more than any answer has
constexpr unsigned packets_in_a_row = 16;

[[noreturn]] void throw_errno(int number) {
  throw boost::system::system_error(boost::system::error_code(number, boost::system::system_category()));
}

bool would_block(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

void collect_descriptors(msghdr& message, std::vector<Descriptor>& into) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t index = 0; index < count; ++index) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
      into.emplace_back(number);
    }
  }
}

// One packet, or nothing when none is there. All receivers share one buffer: they are on the event thread and leave
// nothing in it.
std::optional<Packet> receive_now(int socket, std::size_t longest) {
  static thread_local std::vector<char> buffer;
  buffer.resize(std::max(buffer.size(), longest));
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> control{};
  iovec part{.iov_base = buffer.data(), .iov_len = longest};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t length = 0;
  do {
    length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  if (length < 0) {
    if (would_block(errno)) {
      return std::nullopt;
    }
    throw_errno(errno);
  }
  Packet packet;
  collect_descriptors(message, packet.descriptors);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    throw Error(ErrorKind::too_large, "a packet is too long");
  }
  if (length == 0) {  // an empty packet has no meaning in either protocol: it is as good as the end
    throw boost::system::system_error(asio::error::eof);
  }
  packet.bytes.assign(buffer.data(), static_cast<std::size_t>(length));
  return packet;
}

// Whether it could be sent without waiting.
bool send_now(int socket, std::string_view bytes, int descriptor) {
  iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
  ssize_t length = 0;
  do {
    length = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (length < 0 && errno == EINTR);
  if (length < 0 && !would_block(errno)) {
    throw_errno(errno);
  }
  return length >= 0;
}

// Whether it could be connected without waiting.
bool connect_now(int socket, const sockaddr_un& address) {
  int result = 0;
  do {
    result = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && !would_block(errno)) {
    throw_errno(errno);
  }
  return result == 0;
}

}  // namespace

PacketSocket::PacketSocket(const async::Executor& executor, Descriptor socket)
    : descriptor_(executor, socket.release()) {}

async::Task<PacketSocket> PacketSocket::connect(std::string path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) {
    throw_errno(ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    throw_errno(errno);
  }
  while (!connect_now(socket.get(), address)) {
    co_await async::pause_for(Milliseconds{5});  // a full queue cannot be waited for
  }
  co_return PacketSocket(co_await asio::this_coro::executor, std::move(socket));
}

// A peer that always has something must not keep the event thread for itself.
async::Task<> PacketSocket::take_turns() {
  if (++packets_ % packets_in_a_row == 0) {
    co_await asio::post(descriptor_.get_executor(), asio::use_awaitable);
  }
}

async::Task<Packet> PacketSocket::receive(std::size_t longest) {
  co_await take_turns();
  for (;;) {
    if (auto packet = receive_now(descriptor_.native_handle(), longest)) {
      co_return std::move(*packet);
    }
    co_await descriptor_.async_wait(Wait::wait_read, asio::use_awaitable);
  }
}

async::Task<> PacketSocket::send(std::string_view bytes, int descriptor) {
  co_await take_turns();
  while (!send_now(descriptor_.native_handle(), bytes, descriptor)) {
    co_await descriptor_.async_wait(Wait::wait_write, asio::use_awaitable);
  }
}

bool PacketSocket::is_quiet() {
  char byte = 0;
  return recv(descriptor_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && would_block(errno);
}

}  // namespace berth::runtimes::local
