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
#include <array>
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

// Requests that mean something, which bytes alone hardly ever make: four of them say which type, which fields, and what
// of. The first two handles are 1 and 2.
std::string make_request(std::string_view choice) {
  using namespace std::string_view_literals;
  static constexpr auto texts =
      std::to_array({"/a"sv, "/b"sv, "/a/c"sv, ""sv, "\0\0\0\1"sv, "\0\0\0\2"sv, "/"sv, "../b/."sv});
  static constexpr auto extensions = std::to_array(
      {"posix-rename@openssh.com"sv, "statvfs@openssh.com"sv, "fstatvfs@openssh.com"sv, "hardlink@openssh.com"sv,
       "fsync@openssh.com"sv, "lsetstat@openssh.com"sv, "limits@openssh.com"sv, "expand-path@openssh.com"sv,
       "users-groups-by-id@openssh.com"sv, "copy-data"sv, "home-directory"sv});
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(choice[index]); };
  const std::size_t kind = at(0) % (20 + extensions.size()) + 1;  // the types up to symlink, and then what is beyond
  SftpReplies request;
  request.begin(kind > 20 ? SftpType::extended : static_cast<SftpType>(kind), at(1));
  if (kind > 20) {
    request.put_text(extensions[kind - 21]);
  }
  request.put_text(texts[at(1) % texts.size()]);
  if ((at(2) & 1) != 0) {
    request.put_long(at(3));
  }
  if ((at(2) & 2) != 0) {
    request.put_text(texts[at(1) / 8 % texts.size()]);
  }
  if ((at(2) & 4) != 0) {
    request.put_number(at(3));
  }
  if ((at(2) & 8) != 0) {
    request.put_number(at(3) % 16);  // which attributes
    request.put_long(at(3));
    request.put_long(at(3) | 0700);
    request.put_long(at(2));
  }
  request.end();
  return request.bytes();
}

std::string make_requests(std::string_view bytes) {
  std::string requests;
  for (; bytes.size() >= 4 && requests.size() < 4096; bytes.remove_prefix(4)) {
    requests += make_request(bytes.substr(0, 4));
  }
  return requests;
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
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  [[maybe_unused]] static const auto before = ::signal(SIGXFSZ, SIG_IGN);  // libFuzzer took it after the set-up
  const std::size_t step = bytes[0] / 2 + 1;
  const Conversation conversation = bytes[0] % 2 == 0 ? converse(text, step) : converse(make_requests(text), step);
  check(conversation);
  if (!conversation.asked.empty()) {
    clean();
  }
  return 0;
}
