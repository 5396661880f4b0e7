// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/error.h"
#include "runtimes/contract/conversation.h"
#include "runtimes/contract/runtime_contract.h"

namespace berth::runtimes::contract {
namespace {

using core::Runtime;
using wire::Frame;
using wire::FrameType;
using wire::OpenSession;
using wire::SessionKind;

const InstanceId id{"contract-session"};

async::Task<> hello_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  const auto conversation = co_await Conversation::begin(runtime, id);
  EXPECT_EQ(conversation.hello().version, wire::agent_protocol_version);
  EXPECT_TRUE(conversation.hello().sessions.empty());
}
TEST_P(RuntimeContract, the_agent_says_hello) { run(hello_case(runtime())); }

async::Task<> commands_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  const auto success = co_await conversation.run({"true"});
  EXPECT_EQ(success.exit.code, 0);
  EXPECT_EQ(success.exit.signal, std::nullopt);
  EXPECT_EQ((co_await conversation.run({"false"})).exit.code, 1);
  EXPECT_EQ((co_await conversation.run({"echo", "two", "words"})).output, "two words\n");
  const auto copied =
      co_await conversation.run(OpenSession{.kind = SessionKind::command, .command = {"cat"}}, "as it came");
  EXPECT_EQ(copied.output, "as it came");
}
TEST_P(RuntimeContract, commands_run_with_input_output_and_exit_code) { run(commands_case(runtime())); }

async::Task<> refused_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  co_await expect_error(conversation.open(1, {.command = {"no-such-program"}}), ErrorKind::not_found);
  co_await expect_error(conversation.open(0, {.command = {"true"}}), ErrorKind::invalid_argument);
  co_await conversation.send({.type = FrameType::attach, .session = 77, .payload = {}});
  co_await expect_error(discard(conversation.await_frame(FrameType::output)), ErrorKind::not_found);
}
TEST_P(RuntimeContract, a_session_that_cannot_be_is_refused) { run(refused_case(runtime())); }

// The new link is told of the session, and its output goes on from where the host says.
async::Task<> survival_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  {
    auto first = co_await Conversation::begin(runtime, id);
    co_await first.open(5, {.command = {"cat"}});
    co_await first.input(5, 0, "before");
    EXPECT_EQ((co_await first.await_frame(FrameType::output)).payload, "before");
  }
  auto second = co_await Conversation::begin(runtime, id);
  EXPECT_EQ(second.hello().sessions.size(), 1U);
  const wire::SessionState& state = second.hello().sessions.at(0);
  EXPECT_EQ(state.session, 5U);
  EXPECT_EQ(state.kind, SessionKind::command);
  EXPECT_EQ(state.command, std::vector<std::string>{"cat"});
  EXPECT_EQ(state.output_end, 6U);
  EXPECT_EQ(state.input_end, 6U);
  EXPECT_FALSE(state.exit.has_value());
  co_await second.send({.type = FrameType::attach, .session = 5, .offset = 2, .payload = {}});
  const Frame again = co_await second.await_frame(FrameType::output);
  EXPECT_EQ(again.offset, 2U);
  EXPECT_EQ(again.payload, "fore");
  co_await second.input(5, 6, " and after");
  co_await second.send({.type = FrameType::input_end, .session = 5, .payload = {}});
  const auto outcome = co_await second.finish(5);
  EXPECT_EQ(outcome.output, " and after");
  EXPECT_EQ(outcome.exit.code, 0);
}
TEST_P(RuntimeContract, a_session_outlives_its_link) { run(survival_case(runtime())); }

async::Task<> takeover_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto first = co_await Conversation::begin(runtime, id);
  auto second = co_await Conversation::begin(runtime, id);
  co_await expect_error(discard(first.receive()), ErrorKind::unavailable);
  EXPECT_EQ((co_await second.run({"true"})).exit.code, 0);
}
TEST_P(RuntimeContract, a_new_link_takes_over) { run(takeover_case(runtime())); }

async::Task<> signal_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  co_await conversation.open(1, {.command = {"cat"}});
  co_await conversation.send(
      {.type = FrameType::signal, .session = 1, .payload = wire::encode_payload(wire::SignalSession{15})});
  const auto outcome = co_await conversation.finish(1);
  EXPECT_EQ(outcome.exit.signal, 15);
  EXPECT_EQ(outcome.exit.code, std::nullopt);
}
TEST_P(RuntimeContract, a_signal_ends_a_session) { run(signal_case(runtime())); }

// What came before the end of input is whole even when it is many windows long.
async::Task<> feed(Conversation& conversation, std::string bytes) {
  std::uint64_t offset = 0;
  std::uint64_t taken = 0;
  std::uint64_t output = 0;
  while (output < bytes.size()) {
    while (offset < bytes.size() && offset + wire::max_payload - taken <= wire::input_window) {
      const std::string part = bytes.substr(static_cast<std::size_t>(offset), wire::max_payload);
      co_await conversation.input(1, offset, part);
      offset += part.size();
    }
    const Frame frame = co_await conversation.receive();
    if (frame.type == FrameType::input_acknowledged) {
      taken = frame.offset;
    } else if (frame.type == FrameType::output) {
      EXPECT_EQ(frame.offset, output);
      EXPECT_EQ(bytes.compare(static_cast<std::size_t>(output), frame.payload.size(), frame.payload), 0);
      output += frame.payload.size();
      co_await conversation.send({.type = FrameType::acknowledge, .session = 1, .offset = output, .payload = {}});
    }
  }
}

async::Task<> flow_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  std::string bytes;
  for (int number = 0; bytes.size() < 4 * wire::output_window; ++number) {
    bytes += std::to_string(number) + "\n";
  }
  co_await conversation.open(1, {.command = {"cat"}});
  co_await feed(conversation, bytes);
  co_await conversation.send({.type = FrameType::input_end, .session = 1, .payload = {}});
  EXPECT_EQ((co_await conversation.finish(1)).exit.code, 0);
}
TEST_P(RuntimeContract, much_input_and_output_pass_whole_through_the_windows) { run(flow_case(runtime())); }

async::Task<> files_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  const auto write = OpenSession{.kind = SessionKind::write_file, .path = "/tmp/file"};
  EXPECT_EQ((co_await conversation.run(write, "content")).exit.code, 0);
  const auto packed = co_await conversation.run(OpenSession{.kind = SessionKind::read_tar, .path = "/tmp/file"});
  EXPECT_EQ(packed.exit.code, 0) << packed.error;
  const auto unpacked =
      co_await conversation.run(OpenSession{.kind = SessionKind::write_tar, .path = "/root"}, packed.output);
  EXPECT_EQ(unpacked.exit.code, 0) << unpacked.error;
  const auto read = co_await conversation.run(OpenSession{.kind = SessionKind::read_file, .path = "/root/file"});
  EXPECT_EQ(read.output, "content");
  const auto missing = co_await conversation.run(OpenSession{.kind = SessionKind::read_file, .path = "/root/none"});
  EXPECT_EQ(missing.exit.code, 1);
  EXPECT_FALSE(missing.error.empty());
}
TEST_P(RuntimeContract, files_go_in_and_out) { run(files_case(runtime())); }

async::Task<> ports_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  co_await conversation.open(1, {.command = {"nc", "-l", "-p", "7001", "-e", "cat"}});
  for (bool found = false; !found;) {
    co_await conversation.send({.type = FrameType::list_ports, .session = 9, .payload = {}});
    const Frame frame = co_await conversation.await_frame(FrameType::ports);
    EXPECT_EQ(frame.session, 9U);
    for (const auto& port : wire::decode_payload<wire::ListeningPorts>(frame.payload).ports) {
      found = found || port.port == 7001;
    }
  }
}
TEST_P(RuntimeContract, listening_ports_are_listed) { run(ports_case(runtime())); }

}  // namespace
}  // namespace berth::runtimes::contract
