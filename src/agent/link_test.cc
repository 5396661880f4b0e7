// SPDX-License-Identifier: Apache-2.0
#include "agent/link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "agent/agent_test_client.h"

namespace berth::agent {
namespace {

using wire::FrameType;

std::string numbers_to(int last) {
  std::string text;
  for (int number = 1; number <= last; ++number) {
    text += std::to_string(number) + "\n";
  }
  return text;
}

// Does nothing until all that was sent before is done.
void round_trip(AgentTestClient& host) {
  host.send({.type = FrameType::list_ports, .session = 1});
  host.next(FrameType::ports);
}

TEST(Link, ten_megabytes_arrive_whole_and_in_order) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto result = host.run({.command = {"seq", "1500000"}});
  EXPECT_GT(result.output.size(), 10'000'000U);
  EXPECT_TRUE(result.output == numbers_to(1'500'000));
}

TEST(Link, a_program_waits_when_its_output_is_not_acknowledged) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto session = host.open({.command = {"seq", "200000"}});
  std::string output;
  while (output.size() < wire::output_window) {
    output += host.next(FrameType::output).payload;
  }
  round_trip(host);
  AgentTestClient other(agent);
  EXPECT_EQ(other.held(session).output_end, wire::output_window);
  EXPECT_FALSE(other.held(session).exit);
  other.attach(session, wire::output_window);
  other.acknowledge(session, wire::output_window);
  output += other.collect(session, wire::output_window).output;
  EXPECT_TRUE(output == numbers_to(200'000));
}

TEST(Link, dropped_again_and_again_loses_not_one_byte) {
  const AgentProcess agent;
  std::string output;
  std::uint32_t session = 0;
  {
    AgentTestClient host(agent);
    session = host.open({.command = {"seq", "300000"}});
    output += host.next(FrameType::output).payload;
  }
  bool over = false;
  for (int frames = 1; !over; frames = frames % 7 + 1) {
    AgentTestClient host(agent);
    host.attach(session, output.size());
    host.acknowledge(session, output.size());
    for (int count = 0; count < frames && !over; ++count) {
      const auto frame = host.next();
      over = frame.type == FrameType::exited;
      if (frame.type == FrameType::output) {
        ASSERT_EQ(frame.offset, output.size());
        output += frame.payload;
      }
    }
  }
  EXPECT_TRUE(output == numbers_to(300'000));
}

TEST(Link, input_goes_on_where_the_agent_has_it) {
  const AgentProcess agent;
  std::uint32_t session = 0;
  {
    AgentTestClient host(agent);
    session = host.open({.command = {"cat"}});
    host.input(session, 0, "one two ");
    round_trip(host);
  }
  AgentTestClient host(agent);
  EXPECT_EQ(host.held(session).input_end, 8U);
  host.attach(session, 0);
  host.input(session, 4, "two three");  // what was not acknowledged may come again
  host.finish_input(session, 13);
  EXPECT_EQ(host.collect(session).output, "one two three");
}

TEST(Link, an_ended_session_is_told_again_until_it_is_closed) {
  const AgentProcess agent;
  std::uint32_t session = 0;
  {
    AgentTestClient host(agent);
    session = host.open(shell("echo hello; exit 3"));
    EXPECT_EQ(host.collect(session).exit->code, 3);
  }
  AgentTestClient host(agent);
  EXPECT_EQ(host.held(session).exit->code, 3);
  EXPECT_EQ(host.held(session).command, (std::vector<std::string>{"sh", "-c", "echo hello; exit 3"}));
  for (int time = 0; time < 2; ++time) {
    host.attach(session, 0);
    const auto again = host.collect(session);
    EXPECT_EQ(again.output, "hello\n");
    EXPECT_EQ(again.exit->code, 3);
  }
  host.close(session);
  host.attach(session, 0);
  EXPECT_EQ(host.collect(session).refusal->kind, "not_found");
}

TEST(Link, keeps_the_last_of_what_was_acknowledged_for_a_late_viewer) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto session = host.open({.command = {"seq", "200000"}});
  const std::string all = host.collect(session).output;
  AgentTestClient viewer(agent);
  const std::uint64_t from = viewer.held(session).retained_from;
  EXPECT_LE(from, all.size() - wire::scrollback_window);
  EXPECT_GT(from, 0U);
  viewer.attach(session, 0);
  EXPECT_TRUE(viewer.collect(session, from).output == all.substr(from));
}

TEST(Link, a_new_one_takes_over) {
  const AgentProcess agent;
  AgentTestClient first(agent);
  AgentTestClient second(agent);
  EXPECT_TRUE(first.is_dropped());
  EXPECT_EQ(second.run({.command = {"true"}}).exit->code, 0);
}

TEST(Link, what_breaks_the_protocol_drops_it_but_not_the_sessions) {
  const AgentProcess agent;
  std::uint32_t session = 0;
  {
    AgentTestClient host(agent);
    session = host.open({.command = {"cat"}});
    host.next(FrameType::opened);
  }
  const std::vector<std::string> faults = {
      "x",
      std::string(wire::header_size, '\xff'),
      std::string(wire::max_frame + 1, '\0'),
      wire::encode({.type = FrameType::hello, .payload = wire::encode_payload(wire::HostHello{})}),
      wire::encode({.type = FrameType::open, .session = 9, .payload = "{"}),
      wire::encode({.type = FrameType::open, .session = 9, .payload = R"({"kind":"sideways"})"}),
      wire::encode({.type = FrameType::open, .session = 9, .payload = std::string(wire::max_payload, '[')}),
      wire::encode({.type = FrameType::output, .session = session}),
      wire::encode({.type = FrameType::input, .session = session, .offset = 1, .payload = "gap"}),
      wire::encode({.type = FrameType::acknowledge, .session = session, .offset = 1}),
      wire::encode({.type = FrameType::signal, .session = session, .payload = R"({"number":64})"}),
      wire::encode({.type = FrameType::resize, .session = session, .payload = R"({"columns":-1})"}),
  };
  for (const std::string& fault : faults) {
    AgentTestClient host(agent);
    host.send_raw(fault);
    EXPECT_TRUE(host.is_dropped()) << testing::PrintToString(fault.substr(0, 64));
  }
  AgentTestClient host(agent);
  host.attach(session, 0);
  host.input(session, 0, "alive");
  host.finish_input(session, 5);
  EXPECT_EQ(host.collect(session).output, "alive");
}

TEST(Link, has_to_begin_with_the_hello_of_a_known_version) {
  const AgentProcess agent;
  for (const auto& first : {wire::encode({.type = FrameType::list_ports, .session = 1}),
                            wire::encode({.type = FrameType::hello, .payload = R"({"version":99})"})}) {
    const Descriptor socket = agent.connect();
    ASSERT_EQ(::send(socket.get(), first.data(), first.size(), 0), static_cast<ssize_t>(first.size()));
    std::array<char, wire::max_frame> packet{};
    EXPECT_GT(::recv(socket.get(), packet.data(), packet.size(), 0), 0);  // the agent's own hello
    EXPECT_LE(::recv(socket.get(), packet.data(), packet.size(), 0), 0);
  }
}

TEST(Link, a_host_that_asks_and_never_reads_is_not_heard_without_end) {
  const AgentProcess agent;
  const Descriptor socket = agent.connect();
  const std::string hello =
      wire::encode({.type = FrameType::hello, .payload = wire::encode_payload(wire::HostHello{})});
  ASSERT_GT(::send(socket.get(), hello.data(), hello.size(), 0), 0);
  const std::string question = wire::encode({.type = FrameType::list_ports, .session = 1});
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  int asked = 0;
  while (asked < 5'000 && ::send(socket.get(), question.data(), question.size(), 0) > 0) {
    ++asked;
  }
  EXPECT_LT(asked, 5'000);
  AgentTestClient other(agent);
  EXPECT_EQ(other.run({.command = {"true"}}).exit->code, 0);
}

TEST(Link, a_session_number_in_use_is_refused_and_the_session_stays) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  const auto session = host.open({.command = {"cat"}});
  host.next(FrameType::opened);
  for (const std::uint32_t number : {session, 0U}) {
    host.send({.type = FrameType::open, .session = number, .payload = wire::encode_payload(shell("true"))});
    EXPECT_EQ(wire::decode_payload<wire::Refusal>(host.next(FrameType::refused).payload).kind, "invalid_argument");
  }
  host.finish_input(session, 0);
  EXPECT_EQ(host.collect(session).exit->code, 0);
}

}  // namespace
}  // namespace berth::agent
