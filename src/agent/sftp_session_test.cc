// SPDX-License-Identifier: Apache-2.0
// SFTP as a session of the agent.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/agent_test_client.h"
#include "agent/sftp_test_client.h"
#include "base/ids.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
using enum SftpType;
using Request = SftpRequest;

const std::string greeting("\0\0\0\x05\x01\0\0\0\x03", 9);

// A folder of its own for each test, and an agent.
class SftpSession : public testing::Test {
 protected:
  SftpSession() { fs::create_directories(root_); }
  ~SftpSession() override { fs::remove_all(root_); }

  AgentTestClient::Result run(const std::string& input, const std::string& user = {}) {
    return host_.run({.kind = wire::SessionKind::sftp, .directory = root_.string(), .user = user}, input);
  }

  const fs::path root_ = fs::canonical(testing::TempDir()) / ("berth-sftp-" + random_name(12));
  AgentProcess agent_;
  AgentTestClient host_{agent_};
};

TEST_F(SftpSession, answers_requests_in_order_and_ends_with_its_input) {
  std::string requests =
      greeting + Request(SftpType::realpath, 1).text(".").packet() +
      Request(mkdir, 2).text("folder").attributes({}).packet() +
      Request(SftpType::open, 3).text("folder/file").number(sftp_writing | sftp_creating).attributes({}).packet();
  const std::string handle("\0\0\0\x01", 4);
  constexpr std::uint32_t writes = 40;
  const std::string part(sftp_longest_data, 'x');
  for (std::uint32_t number = 0; number < writes; ++number) {
    requests +=
        Request(SftpType::write, 100 + number).text(handle).long_number(number * part.size()).text(part).packet();
  }
  auto result = run(requests);
  ASSERT_EQ(result.exit->code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(take_reply(result.output).type, version);
  const SftpReply path = take_reply(result.output);
  EXPECT_EQ(path.request, 1U);
  EXPECT_EQ(SftpFields(std::string_view(path.fields).substr(4)).text(), root_.string());
  EXPECT_EQ(take_reply(result.output).request, 2U);
  EXPECT_EQ(take_reply(result.output).fields, std::string("\0\0\0\x04", 4) + handle);
  for (std::uint32_t number = 0; number < writes; ++number) {
    const SftpReply reply = take_reply(result.output);
    EXPECT_EQ(reply.request, 100 + number);
    EXPECT_EQ(SftpFields(reply.fields).number(), 0U);
  }
  EXPECT_TRUE(result.output.empty());
  EXPECT_EQ(fs::file_size(root_ / "folder/file"), writes * part.size());
}

TEST_F(SftpSession, begins_in_the_home_of_its_user) {
  auto result =
      host_.run({.kind = wire::SessionKind::sftp}, greeting + Request(SftpType::realpath, 1).text(".").packet());
  take_reply(result.output);
  const SftpReply path = take_reply(result.output);
  EXPECT_EQ(std::string(SftpFields(std::string_view(path.fields).substr(4)).text()) + "\n",
            host_.run(shell("cd && pwd -P")).output);
}

TEST_F(SftpSession, may_do_no_more_than_its_user) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root may become somebody else";
  }
  std::ofstream(root_ / "secret") << "x";
  fs::permissions(root_ / "secret", fs::perms(0600));
  fs::permissions(root_, fs::perms(0755));
  auto result = run(greeting + Request(SftpType::open).text("secret").number(sftp_reading).attributes({}).packet() +
                        Request(mkdir).text("folder").attributes({}).packet() +
                        Request(setstat).text("secret").attributes({.mode = 0666}).packet(),
                    "65534:65534");
  ASSERT_EQ(result.exit->code, 0) << result.error;
  take_reply(result.output);
  for (int count = 0; count < 3; ++count) {
    EXPECT_EQ(static_cast<SftpStatus>(SftpFields(take_reply(result.output).fields).number()),
              SftpStatus::permission_denied);
  }
}

TEST_F(SftpSession, a_client_that_does_not_keep_to_the_protocol_is_told_in_a_sentence) {
  const auto fault = [&](const std::string& input) {
    const auto result = run(input);
    EXPECT_EQ(result.exit->code, 1);
    return result.error;
  };
  EXPECT_EQ(fault(greeting + "\xff\xff\xff\xff"),
            "the client sent a packet of 4294967295 bytes, which none can have\n");
  EXPECT_EQ(fault("GET / HTTP/1.1\r\n\r\n"), "the client sent a packet of 1195725856 bytes, which none can have\n");
  EXPECT_EQ(fault(greeting + greeting.substr(0, 7)), "the client's input ended within a packet\n");
  EXPECT_EQ(fault(Request(stat).text("/").packet()),
            "the client sent a request before it said which version it speaks\n");
  EXPECT_EQ(run("").exit->code, 0);
}

}  // namespace
}  // namespace berth::agent
