// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "async/race.h"
#include "async/time_limit.h"
#include "async/trigger.h"
#include "http/test_server.h"

namespace berth::http {
namespace {

using ::testing::AllOf;
using testing::Client;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TestServer;

constexpr std::string_view host = "Host: h\r\n\r\n";

std::string get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(host); }

async::Task<> say_path(Exchange& exchange) {
  co_await exchange.respond({.content_type = "text/plain", .body = exchange.path()});
}

async::Task<> echo(Exchange& exchange) {
  std::string body = co_await exchange.read_body(1000);
  co_await exchange.respond({.content_type = "text/plain", .body = std::move(body)});
}

async::Task<> count_body(Exchange& exchange) {
  std::size_t total = 0;
  while (const auto piece = co_await exchange.read_some()) {
    total += piece->size();
  }
  co_await exchange.respond({.content_type = "text/plain", .body = std::to_string(total)});
}

async::Task<> stream_three(Exchange& exchange) {
  co_await exchange.start({.content_type = "text/plain"});
  co_await exchange.write("one,");
  co_await exchange.write("");
  co_await exchange.write("two,");
  co_await exchange.write("three");
  co_await exchange.finish();
}

async::Task<> fail_after_start(Exchange& exchange) {
  co_await exchange.start({.content_type = "text/plain"});
  co_await exchange.write("half");
  throw Error(ErrorKind::unavailable, "lost");
}

async::Task<> fail_with_error(Exchange&) {
  throw Error(ErrorKind::not_found, "no such thing");
  co_return;
}

async::Task<> fail_with_bug(Exchange&) {
  throw std::logic_error("secret detail");
  co_return;
}

async::Task<> forget_to_answer(Exchange&) { co_return; }

async::Task<> answer_at_once(Exchange& exchange) {
  co_await exchange.respond({.content_type = "text/plain", .body = "early"});
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    router_.add(Method::get, "/path", say_path);
    router_.add(Method::post, "/echo", echo);
    router_.add(Method::put, "/count", count_body);
    router_.add(Method::get, "/three", stream_three);
    router_.add(Method::get, "/half", fail_after_start);
    router_.add(Method::get, "/error", fail_with_error);
    router_.add(Method::get, "/bug", fail_with_bug);
    router_.add(Method::get, "/silent", forget_to_answer);
    router_.add(Method::post, "/early", answer_at_once);
  }

  TestServer& start(Settings settings = {}) { return *(server_ = std::make_unique<TestServer>(router_, settings)); }

  Router router_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(ServerTest, answers_one_request_after_another_on_one_connection) {
  Client client = start().connect();
  EXPECT_THAT(client.ask(get("/path")), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\n/path")));
  EXPECT_THAT(client.ask(get("/path")), EndsWith("\r\n\r\n/path"));
}

TEST_F(ServerTest, says_what_a_browser_must_not_do_and_not_what_it_is_made_of) {
  const std::string answer = start().connect().ask(get("/path"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(answer, HasSubstr("Referrer-Policy: no-referrer\r\n"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(answer, HasSubstr("Date: "));
  EXPECT_THAT(answer, Not(HasSubstr("Server:")));
}

TEST_F(ServerTest, answers_pipelined_requests_in_their_order) {
  Client client = start().connect();
  client.send("POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" + std::string(host) + "abc" + get("/three") +
              "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + std::string(host) + "2\r\nde\r\n0\r\n\r\n" +
              get("/path"));
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nabc"));
  EXPECT_THAT(client.read_to("0\r\n\r\n"), EndsWith("4\r\none,\r\n4\r\ntwo,\r\n5\r\nthree\r\n0\r\n\r\n"));
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nde"));
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\n/path"));
}

TEST_F(ServerTest, closes_when_asked_to) {
  Client client = start().connect();
  client.send("GET /path HTTP/1.1\r\nConnection: close\r\n" + std::string(host));
  EXPECT_THAT(client.read_to_end(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("/path")));
}

TEST_F(ServerTest, answers_a_client_that_has_ended_its_sending_side) {
  Client client = start().connect();
  client.send(get("/path"));
  client.end_sending();
  EXPECT_THAT(client.read_to_end(), EndsWith("\r\n\r\n/path"));
}

TEST_F(ServerTest, answers_head_with_the_header_of_get) {
  Client client = start().connect();
  client.send("HEAD /path HTTP/1.1\r\n" + std::string(host));
  EXPECT_THAT(client.read_to("\r\n\r\n"), HasSubstr("Content-Length: 5\r\n"));
  client.send("HEAD /three HTTP/1.1\r\n" + std::string(host));
  EXPECT_THAT(client.read_to("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(client.ask(get("/path")), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, ends_streams_for_old_clients_by_closing) {
  Client client = start().connect();
  client.send("GET /three HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), AllOf(Not(HasSubstr("chunked")), EndsWith("\r\n\r\none,two,three")));
}

TEST_F(ServerTest, tells_an_unknown_path_from_a_wrong_method) {
  Client client = start().connect();
  EXPECT_THAT(client.ask(get("/nowhere")), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(client.ask("DELETE /path HTTP/1.1\r\n" + std::string(host)),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(client.ask("BREW /path HTTP/1.1\r\n" + std::string(host)), StartsWith("HTTP/1.1 405 "));
}

TEST_F(ServerTest, refuses_bodies_over_the_limit_of_the_handler_or_the_server) {
  start({.max_body = Bytes{5000}});
  const std::string big(1001, 'x');
  Client declared = server_->connect();
  declared.send("POST /echo HTTP/1.1\r\nContent-Length: 1001\r\n" + std::string(host));
  EXPECT_THAT(declared.read_answer(), StartsWith("HTTP/1.1 413 "));
  Client chunked = server_->connect();
  chunked.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + std::string(host) + "3e9\r\n" + big +
               "\r\n0\r\n\r\n");
  EXPECT_THAT(chunked.read_answer(), StartsWith("HTTP/1.1 413 "));
  Client huge = server_->connect();
  huge.send("PUT /count HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + std::string(host) + "1389\r\n" +
            std::string(5001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_THAT(huge.read_answer(), StartsWith("HTTP/1.1 413 "));
  Client fits = server_->connect();
  EXPECT_THAT(fits.ask("POST /echo HTTP/1.1\r\nContent-Length: 1000\r\n" + std::string(host) + std::string(1000, 'x')),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, streams_a_large_upload_in_pieces) {
  Client client = start().connect();
  client.send("PUT /count HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + std::string(host));
  for (int count = 0; count < 100; ++count) {
    client.send("186a0;name=\"value\"\r\n" + std::string(100'000, 'x') + "\r\n");
  }
  client.send("0\r\nTrailer: ignored\r\n\r\n");
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\n10000000"));
  EXPECT_THAT(client.ask(get("/path")), EndsWith("/path"));
}

TEST_F(ServerTest, invites_the_body_of_a_client_that_waits_for_it) {
  Client client = start().connect();
  client.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" + std::string(host));
  EXPECT_EQ(client.read_to("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.ask("hi"), EndsWith("\r\n\r\nhi"));
}

TEST_F(ServerTest, does_not_invite_a_body_that_is_too_large) {
  Client client = start().connect();
  client.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n" + std::string(host));
  EXPECT_THAT(client.read_to_end(), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Connection: close")));
}

TEST_F(ServerTest, skips_a_small_body_that_nobody_read) {
  Client client = start().connect();
  client.send("POST /early HTTP/1.1\r\nContent-Length: 4\r\n" + std::string(host));
  EXPECT_THAT(client.read_answer(), EndsWith("early"));
  client.send("body" + get("/path"));
  EXPECT_THAT(client.read_answer(), EndsWith("/path"));
}

TEST_F(ServerTest, delivers_its_answer_to_a_client_that_goes_on_sending_a_large_body) {
  Client client = start().connect();
  client.send("POST /early HTTP/1.1\r\nContent-Length: 8000000\r\n" + std::string(host));
  EXPECT_TRUE(client.send(std::string(8'000'000, 'x')));
  EXPECT_THAT(client.read_to_end(), AllOf(HasSubstr("Connection: close"), EndsWith("early")));
  EXPECT_FALSE(client.was_reset());
}

TEST_F(ServerTest, shows_errors_and_hides_bugs) {
  Client client = start().connect();
  EXPECT_THAT(client.ask(get("/error")), AllOf(StartsWith("HTTP/1.1 404 "), EndsWith("no such thing")));
  EXPECT_THAT(client.ask(get("/bug")), AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("secret"))));
  EXPECT_THAT(client.ask(get("/silent")), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(server_->log(), HasSubstr("GET /bug: secret detail"));
}

TEST_F(ServerTest, cuts_a_stream_whose_handler_failed) {
  Client client = start().connect();
  client.send(get("/half"));
  EXPECT_THAT(client.read_to_end(), AllOf(HasSubstr("half"), Not(HasSubstr("0\r\n\r\n"))));
}

TEST_F(ServerTest, refuses_a_flood_of_header) {
  start();
  Client endless = server_->connect();
  endless.send("GET /path HTTP/1.1\r\n");
  const std::string line = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int count = 0; count < 20; ++count) {
    endless.send(line);
  }
  EXPECT_THAT(endless.read_to_end(), StartsWith("HTTP/1.1 431 "));
  Client long_line = server_->connect();
  long_line.send("GET /" + std::string(20'000, 'x'));
  EXPECT_THAT(long_line.read_to_end(), StartsWith("HTTP/1.1 414 "));
  Client many = server_->connect();
  std::string fields = "GET /path HTTP/1.1\r\n";
  for (int count = 0; count < 101; ++count) {
    fields += "A: b\r\n";
  }
  many.send(fields + std::string(host));
  EXPECT_THAT(many.read_to_end(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerTest, ends_slow_requests_and_idle_connections) {
  start({.header_limit = Milliseconds{20}, .idle_limit = Milliseconds{20}, .read_limit = Milliseconds{20}});
  Client slow_header = server_->connect();
  slow_header.send("GET /path HT");
  EXPECT_THAT(slow_header.read_to_end(), StartsWith("HTTP/1.1 408 "));
  Client slow_body = server_->connect();
  slow_body.send("POST /echo HTTP/1.1\r\nContent-Length: 2\r\n" + std::string(host) + "x");
  EXPECT_THAT(slow_body.read_to_end(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(server_->connect().read_to_end(), "");
  Client idle = server_->connect();
  idle.send(get("/path"));
  EXPECT_THAT(idle.read_to_end(), EndsWith("/path"));
}

TEST_F(ServerTest, says_that_it_has_too_many_connections) {
  start({.most_connections = 1});
  Client first = server_->connect();
  EXPECT_THAT(first.ask(get("/path")), StartsWith("HTTP/1.1 200 "));
  Client second = server_->connect();
  second.send(get("/path"));
  EXPECT_THAT(second.read_to_end(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: ")));
  EXPECT_THAT(first.ask(get("/path")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, says_that_the_port_is_taken) {
  start();
  boost::asio::io_context loop;
  Server second(loop.get_executor(), {.port = server_->port()}, router_, testing::print_fault, [](std::string) {});
  try {
    second.listen();
    FAIL() << "it listens";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("is taken by another program: choose another with --listen"));
  }
}

TEST_F(ServerTest, refuses_what_is_no_address) {
  boost::asio::io_context loop;
  Server server(loop.get_executor(), {.address = "localhost"}, router_, testing::print_fault, [](std::string) {});
  EXPECT_THROW(server.listen(), Error);
}

}  // namespace
}  // namespace berth::http
