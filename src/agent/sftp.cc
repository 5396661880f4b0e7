// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp.h"

#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>

#include "agent/folder.h"
#include "agent/replacement.h"
#include "agent/sftp_input.h"
#include "agent/sftp_server.h"
#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::size_t enough_replies = 256 * 1024;  // bytes to be sent before more requests are answered

// Replies go out together: as many as the requests that came together.
void send(SftpReplies& replies, int output) {
  write_all(output, replies.bytes().data(), replies.size(), "standard output");
  replies.clear();
}

// False at the end.
bool receive(SftpInput& requests, int input) {
  const std::span<char> space = requests.space();
  ssize_t count = 0;
  do {
    count = ::read(input, space.data(), space.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    fail("read", "standard input");
  }
  requests.received(static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

void serve_sftp(int input, int output) {
  SftpInput requests;
  SftpServer server;
  do {
    while (const auto packet = requests.next()) {
      server.handle(*packet);
      if (server.replies().size() >= enough_replies) {
        send(server.replies(), output);
      }
    }
    send(server.replies(), output);
  } while (receive(requests, input));
  if (requests.is_amid_packet()) {
    throw Error(ErrorKind::invalid_argument, "the client's input ended within a packet");
  }
}

}  // namespace berth::agent
