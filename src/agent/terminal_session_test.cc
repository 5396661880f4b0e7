// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/agent_test_client.h"

namespace berth::agent {
namespace {

using testing::HasSubstr;
using wire::FrameType;
using Result = AgentTestClient::Result;

wire::OpenSession terminal(const std::string& script) {
  wire::OpenSession request = shell(script);
  request.kind = wire::SessionKind::terminal;
  return request;
}

TEST(TerminalSession, has_the_size_it_was_asked_for_and_can_be_resized) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  auto request = terminal("stty size; read line; stty size");
  request.size = {.columns = 132, .rows = 43};
  const auto session = host.open(request);
  const auto first = host.collect(session, 0, [](const Result& so_far) { return so_far.output == "43 132\r\n"; });
  host.send({.type = FrameType::resize,
             .session = session,
             .payload = wire::encode_payload(wire::WindowSize{.columns = 20, .rows = 10})});
  host.input(session, 0, "\n");
  const auto second = host.collect(session, first.end);
  EXPECT_EQ(second.output, "\r\n10 20\r\n");
  EXPECT_EQ(second.exit->code, 0);
}

TEST(TerminalSession, is_the_controlling_terminal_of_a_session_of_its_own) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(terminal("echo through >/dev/tty; tty; echo err >&2; echo $TERM"));
  EXPECT_THAT(result.output, HasSubstr("through\r\n/dev/pts/"));
  EXPECT_THAT(result.output, HasSubstr("err\r\nxterm-256color\r\n"));
  EXPECT_EQ(result.error, "");
}

TEST(TerminalSession, without_a_command_is_the_login_shell) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  wire::OpenSession request{.kind = wire::SessionKind::terminal, .environment = {{"PS1", ""}}};
  const auto session = host.open(request);
  host.input(session, 0, "echo \"<$0>\" \"<$HOME>\"; exit 5\n");
  const auto result = host.collect(session);
  EXPECT_THAT(result.output, HasSubstr("<-"));
  EXPECT_EQ(result.exit->code, 5);
}

TEST(TerminalSession, a_control_character_interrupts_what_runs_in_front) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto session = host.open(terminal("trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.01; done"));
  const auto first = host.collect(session, 0, [](const Result& so_far) { return so_far.output == "ready\r\n"; });
  host.input(session, 0, "\x03");
  const auto second = host.collect(session, first.end);
  EXPECT_THAT(second.output, HasSubstr("caught"));
  EXPECT_EQ(second.exit->code, 4);
}

TEST(TerminalSession, the_end_of_input_is_its_end_of_file_character) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto session = host.open(terminal("cat; echo over"));
  host.input(session, 0, "line\n");
  host.finish_input(session, 5);
  EXPECT_THAT(host.collect(session).output, HasSubstr("over"));
}

TEST(TerminalSession, a_program_may_close_and_open_its_terminal) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(terminal("exec 3>&- 0<&- 1>&- 2>&-; sleep 0.05; exec >/dev/tty; echo back; exit 6"));
  EXPECT_EQ(result.output, "back\r\n");
  EXPECT_EQ(result.exit->code, 6);
}

TEST(TerminalSession, a_megabyte_arrives_whole) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run(terminal("stty -onlcr; seq 200000"));
  std::string expected;
  for (int number = 1; number <= 200'000; ++number) {
    expected += std::to_string(number) + "\n";
  }
  EXPECT_TRUE(result.output == expected);
}

}  // namespace
}  // namespace berth::agent
