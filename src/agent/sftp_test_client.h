// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/sftp_server.h"
#include "agent/sftp_wire.h"

namespace berth::agent {

// Bits of SFTP's open request.
enum SftpOpenFlag : std::uint32_t {
  sftp_reading = 1,
  sftp_writing = 2,
  sftp_appending = 4,
  sftp_creating = 8,
  sftp_truncating = 16,
  sftp_exclusively = 32,
};

// One request, field by field.
class SftpRequest {
 public:
  explicit SftpRequest(SftpType type, std::uint32_t number = 7);
  static SftpRequest extended(std::string_view name);

  SftpRequest& text(std::string_view text);
  SftpRequest& number(std::uint32_t number);
  SftpRequest& long_number(std::uint64_t number);
  SftpRequest& attributes(const SftpAttributes& attributes);
  // As it is sent, with its length.
  std::string packet() const;

 private:
  SftpReplies fields_;  // requests and replies look alike
};

// One packet of the server, taken apart.
struct SftpReply {
  SftpType type = SftpType::status;
  std::uint32_t request = 0;
  std::string fields;
};

// Takes the first packet away from what the server sent. Fails the test if there is none.
SftpReply take_reply(std::string& sent);

// A server in this process, greeted, and what a client asks it. Answers of another kind than expected fail the test and
// throw Error.
class SftpTestClient {
 public:
  SftpTestClient();

  SftpReply ask(const SftpRequest& request);
  SftpStatus status(const SftpRequest& request);
  std::string handle(const SftpRequest& request);
  std::string name(const SftpRequest& request);
  SftpAttributes attributes(const SftpRequest& request);
  std::string open(std::string_view path, std::uint32_t flags);
  SftpStatus close(std::string_view handle);
  SftpStatus write(std::string_view handle, std::uint64_t offset, std::string_view bytes);
  // Empty at the end of the file.
  std::string read(std::string_view handle, std::uint64_t offset, std::uint32_t length);

  SftpServer& server() { return server_; }

 private:
  std::string ask(const SftpRequest& request, SftpType expected);

  SftpServer server_;
};

}  // namespace berth::agent
