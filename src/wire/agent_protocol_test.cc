// SPDX-License-Identifier: Apache-2.0
#include "wire/agent_protocol.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::wire {
namespace {

ErrorKind kind_of_decoding(std::string_view packet) {
  try {
    decode(packet);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

TEST(AgentProtocol, a_frame_survives_the_way_to_a_packet_and_back) {
  const Frame frame{.type = FrameType::output,
                    .stream = Stream::standard_error,
                    .session = 0xfedcba98,
                    .offset = 0x0123456789abcdef,
                    .payload = std::string(max_payload, '\0')};
  const Frame back = decode(encode(frame));
  EXPECT_EQ(back.type, FrameType::output);
  EXPECT_EQ(back.stream, Stream::standard_error);
  EXPECT_EQ(back.session, 0xfedcba98U);
  EXPECT_EQ(back.offset, 0x0123456789abcdefU);
  EXPECT_EQ(back.payload, frame.payload);
}

TEST(AgentProtocol, a_packet_of_a_wrong_shape_is_the_instances_fault) {
  const std::string good = encode(Frame{.type = FrameType::hello, .payload = {}});
  EXPECT_EQ(kind_of_decoding(""), ErrorKind::instance_fault);
  EXPECT_EQ(kind_of_decoding(good.substr(0, header_size - 1)), ErrorKind::instance_fault);
  EXPECT_EQ(kind_of_decoding(good + std::string(max_payload + 1, 'x')), ErrorKind::instance_fault);
  for (const std::size_t position : {0U, 1U, 2U, 3U}) {
    std::string wrong = good;
    wrong[position] = '\x7f';
    EXPECT_EQ(kind_of_decoding(wrong), ErrorKind::instance_fault) << position;
  }
}

TEST(AgentProtocol, a_malformed_payload_is_the_instances_fault) {
  for (const auto* text : {"", "{", "[]", R"({"version":"x"})", R"({"version":1,"surprise":1})"}) {
    try {
      decode_payload<AgentHello>(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::instance_fault) << text;
    }
  }
}

TEST(AgentProtocol, an_open_request_carries_its_command_and_size) {
  const OpenSession back = decode_payload<OpenSession>(encode_payload(OpenSession{
      .kind = SessionKind::terminal, .command = {"sh", "-l"}, .environment = {{"A", "b"}}, .size = {120, 40}}));
  EXPECT_EQ(back.kind, SessionKind::terminal);
  EXPECT_EQ(back.command, (std::vector<std::string>{"sh", "-l"}));
  EXPECT_EQ(back.environment.at("A"), "b");
  EXPECT_EQ(back.size.columns, 120);
}

}  // namespace
}  // namespace berth::wire
