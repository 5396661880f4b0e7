// SPDX-License-Identifier: Apache-2.0
// What an SFTP client sends, to the server in a root folder of its own, where it may do what it likes. Beyond not
// crashing: each request with a number gets one reply with that number, in order and within the bounds of a packet; the
// bytes may come in any pieces.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sftp_input.h"
#include "agent/sftp_server.h"
#include "agent/sftp_wire.h"
#include "base/error.h"

namespace {

using namespace berth;
using namespace berth::agent;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Conversation {
  std::vector<std::uint32_t> asked;  // numbers of requests
  std::string replies;
};

void serve(SftpServer& server, std::string_view packet, Conversation& conversation) {
  server.handle(packet);
  if (packet[0] != static_cast<char>(SftpType::init)) {
    conversation.asked.push_back(SftpFields(packet.substr(1)).number());
  }
  conversation.replies += server.replies().bytes();
  server.replies().clear();
}

Conversation converse(std::string_view bytes, std::size_t step) {
  Conversation conversation;
  SftpServer server;
  SftpInput input;
  serve(server, std::string_view("\x01\0\0\0\x03", 5), conversation);
  try {
    while (!bytes.empty()) {
      const auto space = input.space();
      const std::size_t count = std::min({space.size(), bytes.size(), step});
      demand(count > 0);
      std::copy_n(bytes.data(), count, space.data());
      input.received(count);
      bytes.remove_prefix(count);
      while (const auto packet = input.next()) {
        serve(server, *packet, conversation);
      }
    }
  } catch (const Error& error) {
    demand(error.kind() == ErrorKind::invalid_argument);
  }
  return conversation;
}

void check(const Conversation& conversation) {
  std::string_view rest = conversation.replies;
  auto expected = conversation.asked.begin();
  while (!rest.empty()) {
    SftpFields fields(rest);
    const std::size_t length = fields.number();
    demand(length >= sftp_shortest_packet && length <= sftp_longest_packet && length <= rest.size() - sftp_length_size);
    if (static_cast<SftpType>(fields.byte()) != SftpType::version) {
      demand(expected != conversation.asked.end() && fields.number() == *expected++);
    }
    rest.remove_prefix(sftp_length_size + length);
  }
  demand(expected == conversation.asked.end());
}

// Packets from bytes that hardly ever are any: the first byte of each piece is its type, its number is 1.
std::string make_packets(std::string_view bytes) {
  std::string packets;
  while (!bytes.empty()) {
    const std::size_t length = std::min<std::size_t>(bytes.size(), static_cast<unsigned char>(bytes[0]) % 64 + 1);
    std::string piece(bytes.substr(0, length));
    bytes.remove_prefix(length);
    const auto kind = static_cast<unsigned char>(piece.back());
    piece[0] = static_cast<char>(kind % 20 == 0 ? static_cast<int>(SftpType::extended) : kind % 20 + 1);
    piece.insert(1, std::string("\0\0\0\x01", 4));
    packets += std::string("\0\0\0", 3) + static_cast<char>(piece.size()) + piece;
  }
  return packets;
}

void clean() {
  std::error_code ignored;
  std::filesystem::permissions("/", std::filesystem::perms::owner_all, ignored);
  for (const auto& entry : std::filesystem::directory_iterator("/", ignored)) {
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all,
                                 std::filesystem::perm_options::nofollow, ignored);
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

int outside = -1;
std::string folder;

void leave() {
  clean();
  if (::fchdir(outside) == 0 && ::chroot(".") == 0) {
    ::rmdir(folder.c_str());
  }
}

}  // namespace

// Where what the server removes, writes or renames is nobody's. Needs root or user namespaces.
extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  folder = (std::filesystem::temp_directory_path() / "berth-fuzz-sftp-XXXXXX").string();
  outside = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  const bool made = ::mkdtemp(folder.data()) != nullptr;
  if (!made || (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) || ::chroot(folder.c_str()) != 0 ||
      ::chdir("/") != 0) {
    std::perror("cannot enter a root folder of its own");
    std::exit(1);
  }
  std::atexit(leave);
  const rlimit largest_file = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
  ::setrlimit(RLIMIT_FSIZE, &largest_file);
  ::signal(SIGXFSZ, SIG_IGN);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::size_t step = bytes[0] / 2 + 1;
  const Conversation conversation = bytes[0] % 2 == 0 ? converse(text, step) : converse(make_packets(text), step);
  check(conversation);
  if (!conversation.asked.empty()) {
    clean();
  }
  return 0;
}
