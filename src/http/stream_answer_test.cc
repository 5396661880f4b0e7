// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "async/cancelled.h"
#include "async/race.h"
#include "async/time_limit.h"
#include "async/trigger.h"
#include "http/server.h"
#include "http/test_server.h"

namespace berth::http {
namespace {

using testing::Client;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::TestServer;

constexpr std::string_view get_stream = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view get_other = "GET /other HTTP/1.1\r\nHost: h\r\n\r\n";

template <class T>
T wait_for(std::promise<T>& promise) {
  auto future = promise.get_future();
  if (future.wait_for(std::chrono::seconds{20}) != std::future_status::ready) {
    throw std::runtime_error("it did not happen");
  }
  return future.get();
}

async::Task<> stream_until_gone(Exchange& exchange, std::promise<bool>& gone) {
  co_await exchange.start({.content_type = "text/event-stream"});
  co_await exchange.write("hello\n");
  co_await exchange.disconnected();
  gone.set_value(true);
}

TEST(StreamedAnswer, notices_that_its_client_has_gone) {
  std::promise<bool> gone;
  Router router;
  router.add(Method::get, "/stream", [&](Exchange& exchange) { return stream_until_gone(exchange, gone); });
  TestServer server(router);
  Client client = server.connect();
  client.send(get_stream);
  client.read_to("hello\n");
  client.close();
  EXPECT_TRUE(wait_for(gone));
}

async::Task<> watch_until(Exchange& exchange, async::Trigger*& stop) {
  async::Trigger trigger(co_await boost::asio::this_coro::executor);
  stop = &trigger;
  co_await exchange.start({.content_type = "text/event-stream"});
  co_await exchange.write("hello\n");
  co_await async::race(exchange.disconnected(), trigger.wait());
  co_await exchange.finish();
}

async::Task<> fire(Exchange& exchange, async::Trigger*& trigger) {
  trigger->fire();
  co_await exchange.respond({.content_type = "text/plain", .body = "fired"});
}

async::Task<> say_other(Exchange& exchange) {
  co_await exchange.respond({.content_type = "text/plain", .body = "other"});
}

TEST(StreamedAnswer, loses_no_request_that_came_while_its_client_was_watched) {
  async::Trigger* stop = nullptr;
  Router router;
  router.add(Method::get, "/stream", [&](Exchange& exchange) { return watch_until(exchange, stop); });
  router.add(Method::get, "/other", say_other);
  router.add(Method::get, "/fire", [&](Exchange& exchange) { return fire(exchange, stop); });
  TestServer server(router);
  Client client = server.connect();
  client.send(get_stream);
  client.read_to("hello\n");
  client.send(get_other);
  Client second = server.connect();
  second.ask("GET /fire HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_to("0\r\n\r\n");
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nother"));
}

async::Task<> write_and_give_up(Exchange& exchange, async::Trigger*& stop, std::string big) {
  async::Trigger trigger(co_await boost::asio::this_coro::executor);
  stop = &trigger;
  co_await exchange.start({.content_type = "text/plain"});
  co_await async::race(exchange.write(std::move(big)), trigger.wait());
  co_await exchange.write("tail");
  co_await exchange.finish();
}

TEST(StreamedAnswer, stays_whole_when_a_write_is_cancelled) {
  async::Trigger* stop = nullptr;
  std::string big;
  big.resize(20'000'000, 'x');  // more than the kernel takes
  Router router;
  router.add(Method::get, "/stream", [&](Exchange& exchange) { return write_and_give_up(exchange, stop, big); });
  router.add(Method::get, "/fire", [&](Exchange& exchange) { return fire(exchange, stop); });
  TestServer server(router);
  Client client(server.port(), 4096);
  client.send(get_stream);
  client.read_to("\r\n\r\n");
  Client second = server.connect();
  second.ask("GET /fire HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_to("\r\n"), "1312d00\r\n");
  EXPECT_EQ(client.read_exactly(big.size()), big);
  EXPECT_EQ(client.read_to("0\r\n\r\n"), "\r\n4\r\ntail\r\n0\r\n\r\n");
}

async::Task<> write_without_end(Exchange& exchange, std::promise<std::string>& ended) {
  try {
    co_await exchange.start({.content_type = "text/plain"});
    while (true) {
      co_await exchange.write(std::string(65536, 'x'));
    }
  } catch (const Error& error) {
    ended.set_value(error.what());
    throw;
  }
}

TEST(StreamedAnswer, ends_for_a_client_that_takes_nothing) {
  std::promise<std::string> ended;
  Router router;
  router.add(Method::get, "/stream", [&](Exchange& exchange) { return write_without_end(exchange, ended); });
  TestServer server(router, {.write_limit = Milliseconds{20}});
  Client client(server.port(), 4096);
  client.send(get_stream);
  EXPECT_EQ(wait_for(ended), "the client takes nothing");
}

TEST(StreamedAnswer, ends_for_a_client_that_is_gone) {
  std::promise<std::string> ended;
  Router router;
  router.add(Method::get, "/stream", [&](Exchange& exchange) { return write_without_end(exchange, ended); });
  TestServer server(router);
  Client client = server.connect();
  client.send(get_stream);
  client.read_to("xxx");
  client.close();
  EXPECT_EQ(wait_for(ended), "the client has gone away");
  server.stop();
  EXPECT_EQ(server.log(), "");
}

TEST(StreamedAnswer, ends_at_once_for_head) {
  std::promise<std::string> ended;
  Router router;
  router.add(Method::get, "/stream", [&](Exchange& exchange) { return write_without_end(exchange, ended); });
  router.add(Method::get, "/other", say_other);
  TestServer server(router);
  Client client = server.connect();
  client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_to("\r\n\r\n");
  EXPECT_THAT(client.ask(get_other), EndsWith("\r\n\r\nother"));
}

async::Task<> fail_half_way(Exchange& exchange) {
  co_await exchange.start({.content_type = "text/plain"});
  co_await exchange.write("half");
  throw Error(ErrorKind::instance_fault, "lost");
}

TEST(StreamedAnswer, that_fails_is_no_orderly_end_for_old_clients) {
  Router router;
  router.add(Method::get, "/stream", fail_half_way);
  TestServer server(router);
  Client client = server.connect();
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  client.read_to_end();
  EXPECT_TRUE(client.was_reset());
}

// Tells how the wait ended; runs until it is cancelled.
async::Task<> wait_for_ever(Exchange&, std::promise<bool>& begun, std::promise<bool>& cancelled) {
  async::Trigger never(co_await boost::asio::this_coro::executor);
  begun.set_value(true);
  try {
    co_await never.wait();
  } catch (...) {
    cancelled.set_value(async::is_cancellation(std::current_exception()));
    throw;
  }
}

TEST(Shutdown, cancels_the_handlers_that_run) {
  std::promise<bool> begun;
  std::promise<bool> cancelled;
  Router router;
  router.add(Method::get, "/stream", [&](Exchange& exchange) { return wait_for_ever(exchange, begun, cancelled); });
  TestServer server(router);
  Client client = server.connect();
  client.send(get_stream);
  Client idle = server.connect();
  EXPECT_TRUE(wait_for(begun));
  server.stop();
  EXPECT_TRUE(wait_for(cancelled));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(server.log(), "");
}

}  // namespace
}  // namespace berth::http
