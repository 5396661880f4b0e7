// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <optional>

#include "async/time_limit.h"
#include "async/trigger.h"
#include "http/server.h"
#include "http/test_server.h"

namespace berth::http {
namespace {

using ::testing::AllOf;
using testing::Client;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TestServer;

enum Opcode : unsigned char { continuation = 0, text = 1, binary = 2, closing = 8, ping = 9, pong = 10 };

struct Frame {
  bool last = true;
  Opcode opcode = text;
  std::string payload;
};

// RFC 6455, 5.2, masked with a key that is not zero.
std::string print(Opcode opcode, std::string payload, bool last = true) {
  std::string frame(1, static_cast<char>((last ? 0x80 : 0) | opcode));
  const std::size_t size = payload.size();
  const int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  frame += static_cast<char>(0x80 | (bytes == 0 ? size : bytes == 2 ? 126 : 127));
  for (int index = bytes - 1; index >= 0; --index) {
    frame += static_cast<char>(size >> (8 * index));
  }
  constexpr std::array<char, 4> key = {0x11, 0x22, 0x33, 0x44};
  frame.append(key.data(), key.size());
  for (std::size_t at = 0; at < size; ++at) {
    frame += static_cast<char>(payload[at] ^ key[at % 4]);
  }
  return frame;
}

std::string print_close(int code, std::string_view reason = "") {
  return print(closing, std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + std::string(reason));
}

Frame read_frame(Client& client) {
  const std::string head = client.read_exactly(2);
  EXPECT_EQ(head[1] & 0x80, 0) << "a server must not mask";
  std::size_t size = head[1] & 0x7f;
  if (size >= 126) {
    const std::string bytes = client.read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char byte : bytes) {
      size = size << 8 | static_cast<unsigned char>(byte);
    }
  }
  return {(head[0] & 0x80) != 0, static_cast<Opcode>(head[0] & 0x0f), client.read_exactly(size)};
}

Frame read_message(Client& client) {
  Frame message = read_frame(client);
  while (!message.last) {
    const Frame next = read_frame(client);
    EXPECT_EQ(next.opcode, continuation);
    message.payload += next.payload;
    message.last = next.last;
  }
  return message;
}

std::string code(int number) { return {static_cast<char>(number >> 8), static_cast<char>(number)}; }

constexpr std::string_view handshake =
    "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: other, berth.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

// What became of the handler's side.
struct Outcome {
  std::promise<std::string> ended;

  std::string wait() {
    auto future = ended.get_future();
    return future.wait_for(std::chrono::seconds{20}) == std::future_status::ready ? future.get() : "nothing happened";
  }
};

using Conversation = async::Task<> (*)(WebSocket&);

async::Task<> hold(Exchange& exchange, Conversation talk, Outcome& outcome) {
  std::string ended = "done";
  try {
    const auto socket = co_await exchange.accept_websocket("berth.v1", 100'000);
    co_await talk(*socket);
  } catch (const StatusError&) {
    throw;
  } catch (const Error& error) {
    ended = std::string(to_string(error.kind())) + ": " + error.what();
  }
  outcome.ended.set_value(ended);
}

async::Task<> echo(WebSocket& socket) {
  while (auto message = co_await socket.receive()) {
    co_await socket.send(message->binary, std::move(message->data));
  }
}

class WebSocketTest : public ::testing::Test {
 protected:
  Client open(Conversation talk, Settings settings = {}, int receive_buffer = 0) {
    router_.add(Method::get, "/socket", [this, talk](Exchange& exchange) { return hold(exchange, talk, outcome_); });
    server_ = std::make_unique<TestServer>(router_, settings);
    Client client(server_->port(), receive_buffer);
    client.send(handshake);
    answer_ = client.read_to("\r\n\r\n");
    return client;
  }

  Router router_;
  Outcome outcome_;
  std::unique_ptr<TestServer> server_;
  std::string answer_;
};

TEST_F(WebSocketTest, accepts_without_compression_and_without_saying_what_it_is_made_of) {
  Client client = open(echo);
  EXPECT_THAT(answer_, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer_, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));  // RFC 6455, 1.3
  EXPECT_THAT(answer_, HasSubstr("Sec-WebSocket-Protocol: berth.v1\r\n"));
  EXPECT_THAT(answer_, AllOf(Not(HasSubstr("deflate")), Not(HasSubstr("Beast"))));
}

TEST_F(WebSocketTest, carries_messages_of_both_kinds_and_any_size) {
  Client client = open(echo);
  for (const std::size_t size : {0, 1, 125, 126, 16'384, 16'385, 65'536, 100'000}) {
    const std::string payload(size, 'x');
    client.send(print(binary, payload));
    const Frame answer = read_message(client);
    EXPECT_EQ(answer.opcode, binary);
    EXPECT_EQ(answer.payload, payload);
  }
  client.send(print(text, "gr\xc3", false) + print(ping, "alive?") + print(continuation, "\xbc\xc3\x9f"));
  const Frame reply = read_frame(client);
  EXPECT_EQ(reply.opcode, pong);
  EXPECT_EQ(reply.payload, "alive?");
  const Frame answer = read_message(client);
  EXPECT_EQ(answer.opcode, text);
  EXPECT_EQ(answer.payload, "grüß");
}

TEST_F(WebSocketTest, keeps_messages_in_order_that_come_faster_than_they_are_taken) {
  Client client = open(echo);
  std::string burst;
  for (int number = 0; number < 100; ++number) {
    burst += print(text, std::to_string(number));
  }
  client.send(burst);
  for (int number = 0; number < 100; ++number) {
    ASSERT_EQ(read_message(client).payload, std::to_string(number));
  }
}

TEST_F(WebSocketTest, ends_when_the_client_says_goodbye) {
  Client client = open(echo);
  client.send(print_close(1000, "bye"));
  EXPECT_EQ(read_frame(client).opcode, closing);
  EXPECT_EQ(outcome_.wait(), "done");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(WebSocketTest, ends_when_the_client_vanishes) {
  Client client = open(echo);
  client.reset();
  EXPECT_EQ(outcome_.wait(), "done");
}

TEST_F(WebSocketTest, refuses_a_message_over_the_limit_and_says_so) {
  Client client = open(echo);
  client.send(print(binary, std::string(100'001, 'x')));
  const Frame goodbye = read_frame(client);
  EXPECT_EQ(goodbye.opcode, closing);
  EXPECT_EQ(goodbye.payload.substr(0, 2), code(1009));
  EXPECT_EQ(outcome_.wait(), "too_large: a message is too large");
}

TEST_F(WebSocketTest, refuses_an_endless_message_of_small_frames) {
  Client client = open(echo);
  client.send(print(binary, "x", false));
  for (int count = 0; count < 11; ++count) {
    client.send(print(continuation, std::string(10'000, 'x'), false));
  }
  EXPECT_EQ(read_frame(client).payload.substr(0, 2), code(1009));
  EXPECT_EQ(outcome_.wait(), "too_large: a message is too large");
}

TEST_F(WebSocketTest, refuses_frames_that_are_not_masked_and_text_that_is_not_utf8) {
  Client client = open(echo, {.websocket_close_limit = Milliseconds{50}});
  client.send(std::string("\x81\x01x", 3));
  EXPECT_EQ(read_frame(client).payload.substr(0, 2), code(1002));
  client.close();
  EXPECT_EQ(outcome_.wait(), "invalid_argument: the client breaks the WebSocket protocol");
}

TEST_F(WebSocketTest, refuses_text_that_is_not_utf8) {
  Client client = open(echo);
  client.send(print(text, "\xff\xfe"));
  EXPECT_EQ(read_frame(client).payload.substr(0, 2), code(1007));
}

TEST_F(WebSocketTest, gives_up_on_a_client_that_answers_no_ping) {
  Client client = open(echo, {.websocket_idle_limit = Milliseconds{40}});
  EXPECT_EQ(read_frame(client).opcode, ping);
  EXPECT_EQ(outcome_.wait(), "timed_out: the client does not answer");
}

async::Task<> send_without_end(WebSocket& socket) {
  while (true) {
    co_await socket.send(true, std::string(100'000, 'x'));
  }
}

TEST_F(WebSocketTest, gives_up_on_a_client_that_takes_nothing) {
  Client client = open(send_without_end, {.write_limit = Milliseconds{30}}, 4096);
  EXPECT_EQ(outcome_.wait(), "unavailable: the client takes nothing");
}

async::Task<> say_goodbye(WebSocket& socket) {
  co_await socket.send(false, "last words");
  co_await socket.close(4001, "time is up");
  co_await socket.close(4002, "again");
  if (co_await socket.receive()) {
    throw Error(ErrorKind::internal, "a closed connection gave a message");
  }
  co_await socket.send(false, "too late");
}

TEST_F(WebSocketTest, says_goodbye_after_its_last_message) {
  Client client = open(say_goodbye);
  EXPECT_EQ(read_message(client).payload, "last words");
  const Frame goodbye = read_frame(client);
  EXPECT_EQ(goodbye.opcode, closing);
  EXPECT_EQ(goodbye.payload, code(4001) + "time is up");
  client.send(print_close(4001));
  EXPECT_EQ(client.read_to_end(), "");
  client.close();
  EXPECT_EQ(outcome_.wait(), "unavailable: the WebSocket is closed");
}

TEST_F(WebSocketTest, does_not_wait_for_ever_for_the_clients_goodbye) {
  Client client = open(say_goodbye, {.websocket_close_limit = Milliseconds{20}});
  EXPECT_EQ(outcome_.wait(), "unavailable: the WebSocket is closed");
}

async::Task<> keep(WebSocket& socket, std::optional<WebSocket::Message>& message) {
  message = co_await socket.receive();
}

async::Task<> receive_impatiently(WebSocket& socket) {
  std::optional<WebSocket::Message> message;
  while (!co_await async::finishes_within(keep(socket, message), Milliseconds{0})) {
    co_await socket.send(false, "still here");
  }
  co_await socket.send(false, message->data);
}

TEST_F(WebSocketTest, survives_that_a_receive_is_cancelled) {
  Client client = open(receive_impatiently);
  EXPECT_EQ(read_message(client).payload, "still here");
  client.send(print(text, "hel", false));
  EXPECT_EQ(read_message(client).payload, "still here");
  client.send(print(continuation, "lo"));
  std::string last = "still here";
  while (last == "still here") {
    last = read_message(client).payload;
  }
  EXPECT_EQ(last, "hello");
  EXPECT_EQ(client.read_to_end(), "");
}

async::Task<> send_impatiently(WebSocket& socket) {
  bool sent = false;
  while (!sent) {  // until the kernel's buffers are full and a message is stuck half way
    sent = !co_await async::finishes_within(socket.send(true, std::string(100'000, 'x')), Milliseconds{20});
  }
  co_await socket.send(false, "tail");
}

TEST_F(WebSocketTest, sends_a_message_to_its_end_when_the_send_is_cancelled) {
  Client client = open(send_impatiently, {}, 4096);
  Frame message = read_message(client);
  while (message.opcode == binary) {
    ASSERT_EQ(message.payload, std::string(100'000, 'x'));
    message = read_message(client);
  }
  EXPECT_EQ(message.payload, "tail");
}

async::Task<> never_listen(WebSocket& socket) {
  async::Trigger never(co_await boost::asio::this_coro::executor);
  co_await socket.send(false, "hello");
  co_await never.wait();
}

TEST_F(WebSocketTest, is_cut_when_the_server_stops) {
  Client client = open(never_listen);
  EXPECT_EQ(read_message(client).payload, "hello");
  client.send(print(text, "first") + print(text, "second") + print(text, "third"));
  server_->stop();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(server_->log(), "");
}

TEST_F(WebSocketTest, refuses_handshakes_it_does_not_understand) {
  open(echo).send(print_close(1000));
  const std::string upgrade = "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  EXPECT_THAT(server_->connect().ask("GET /socket HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(server_->connect().ask(upgrade + "Sec-WebSocket-Version: 8\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 426 "), HasSubstr("Sec-WebSocket-Version: 13\r\n")));
  EXPECT_THAT(server_->connect().ask(upgrade + "Sec-WebSocket-Version: 13\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace berth::http
