// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include "agent/agent_test_client.h"

namespace berth::agent {
namespace {

using wire::FrameType;

TEST(CommandSession, reports_the_exit_code_and_keeps_the_two_streams_apart) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.error, "err\n");
  ASSERT_TRUE(result.exit);
  EXPECT_EQ(result.exit->code, 7);
  EXPECT_FALSE(result.exit->signal);
}

TEST(CommandSession, reports_the_signal_that_ended_it) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(shell("kill -KILL $$"));
  ASSERT_TRUE(result.exit);
  EXPECT_EQ(result.exit->signal, 9);
  EXPECT_FALSE(result.exit->code);
}

TEST(CommandSession, passes_a_signal_on_to_the_process_group) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto session = host.open(shell("sleep 1000 & echo ready; wait"));
  host.collect(session, 0, [](const auto& so_far) { return so_far.output == "ready\n"; });
  host.send({.type = FrameType::signal, .session = session, .payload = wire::encode_payload(wire::SignalSession{15})});
  // Both hold the pipe, so this ends only when both have ended.
  EXPECT_EQ(host.collect(session, 6).exit->signal, 15);
}

TEST(CommandSession, gets_its_input_and_its_end) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  std::string input;
  while (input.size() < 3 * wire::input_window) {
    input += std::to_string(input.size()) + "\n";
  }
  EXPECT_EQ(host.run(shell("cat"), input).output, input);
}

TEST(CommandSession, that_reads_no_input_does_not_hold_up_the_host) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(shell("exec <&-; echo closed; sleep 0.01"), std::string(4 * wire::input_window, 'x'));
  EXPECT_EQ(result.exit->code, 0);
}

TEST(CommandSession, gets_the_environment_of_its_user_and_of_the_request) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  auto request = shell("echo $HOME,$USER,$LOGNAME,$BERTH_X,$BERTH_IMAGE; pwd; umask");
  request.environment = {{"BERTH_X", "a b"}, {"USER", "else"}};
  request.directory = "/usr";
  request.user = "root";
  EXPECT_EQ(host.run(request).output, "/root,else,root,a b,of the test\n/usr\n0022\n");
}

TEST(CommandSession, inherits_no_descriptor_and_no_blocked_or_ignored_signal) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  EXPECT_EQ(host.run({.command = {"ls", "/proc/self/fd"}}).output, "0\n1\n2\n3\n");  // 3 is ls reading the folder
  const auto status = host.run({.command = {"grep", "SigBlk", "/proc/self/status"}});
  EXPECT_EQ(status.output, "SigBlk:\t0000000000000000\n");
  EXPECT_EQ(host.run(shell("kill -PIPE $$")).exit->signal, 13);  // the agent itself ignores it
}

TEST(CommandSession, runs_as_the_named_user_with_nothing_left_of_root) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  auto request = shell("id -u; id -g; id -G; grep CapEff /proc/self/status");
  request.user = "daemon";
  const auto result = host.run(request);
  if (::geteuid() != 0) {
    ASSERT_TRUE(result.refusal);
    EXPECT_EQ(result.refusal->kind, "unavailable");
    return;
  }
  EXPECT_EQ(result.output, "1\n1\n1\nCapEff:\t0000000000000000\n");
}

TEST(CommandSession, that_cannot_start_is_refused_with_a_sentence) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto refused = [&](const wire::OpenSession& request) {
    const auto result = host.run(request);
    return result.refusal ? result.refusal->kind + ": " + result.refusal->message : std::string("it ran");
  };
  EXPECT_EQ(refused({.command = {"no-such-program"}}), "not_found: there is no program 'no-such-program' in the PATH");
  EXPECT_EQ(refused({.command = {"/no/such"}}),
            "not_found: there is no program '/no/such', or what its first line names is missing");
  EXPECT_EQ(refused({.command = {"/etc/passwd"}}),
            "invalid_argument: '/etc/passwd' is not an executable file for this user");
  EXPECT_EQ(refused({.command = {}}), "invalid_argument: the command is empty");
  EXPECT_EQ(refused({.command = {""}}), "invalid_argument: the command is empty");
  EXPECT_EQ(refused({.command = {std::string("a\0b", 3)}}), "invalid_argument: the command contains a zero byte");
  EXPECT_EQ(refused({.command = {"true"}, .environment = {{"A=B", "c"}}}),
            "invalid_argument: 'A=B' cannot be the name of an environment variable");
  EXPECT_EQ(refused({.command = {"true"}, .directory = "/no/such"}),
            "not_found: cannot enter the directory '/no/such': No such file or directory");
  EXPECT_EQ(refused({.command = {"true"}, .user = "nobody-here"}),
            "not_found: there is no user 'nobody-here' in this instance");
  EXPECT_EQ(host.run({.command = {"true"}}).exit->code, 0);
}

TEST(CommandSession, ends_with_its_program_though_a_process_it_left_holds_the_pipes) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(shell("sleep 1000 & echo $!"));
  ASSERT_TRUE(result.exit);
  EXPECT_EQ(result.exit->code, 0);
  // It lives on, and nobody else will end it.
  EXPECT_EQ(host.run({.command = {"kill", "-KILL", std::to_string(std::stoi(result.output))}}).exit->code, 0);
}

TEST(CommandSession, ends_with_its_program_though_a_process_it_left_writes_for_ever) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(shell("yes & echo $! >&2"));
  ASSERT_TRUE(result.exit);
  EXPECT_EQ(result.exit->code, 0);
}

TEST(CommandSession, many_run_at_once_up_to_the_limit) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  std::vector<std::uint32_t> sessions;
  for (std::size_t count = 0; count < wire::max_sessions; ++count) {
    sessions.push_back(host.open(shell("read line; echo got $line")));
    EXPECT_EQ(host.next().type, FrameType::opened);
  }
  EXPECT_EQ(host.run({.command = {"true"}}).refusal->kind, "exhausted");
  for (const auto session : sessions) {
    const std::string line = std::to_string(session) + "\n";
    host.input(session, 0, line);
    EXPECT_EQ(host.collect(session).output, "got " + line);
  }
  host.close(sessions.front());
  EXPECT_EQ(host.run({.command = {"true"}}).exit->code, 0);
}

}  // namespace
}  // namespace berth::agent
