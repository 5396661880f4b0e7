// SPDX-License-Identifier: Apache-2.0
#include "notifiers/webhook/webhook_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "async/race.h"
#include "async/time_limit.h"
#include "base/error.h"
#include "notifiers/webhook/request.h"

namespace berth::notifiers::webhook {
namespace {

namespace asio = boost::asio;
using Protocol = asio::ip::tcp;

class WebhookTokensTest : public testing::Test {
 protected:
  void run(async::Task<> test) {
    std::exception_ptr fault;
    asio::co_spawn(loop, around(std::move(test)), [&](std::exception_ptr ended) { fault = ended; });
    loop.run();
    if (fault) {
      std::rethrow_exception(fault);
    }
  }

  async::Task<> around(async::Task<> test) {
    std::exception_ptr fault;
    try {
      tasks.spawn(serve());
      co_await async::with_limit(std::move(test), Seconds{20}, "the test takes too long");
    } catch (...) {
      fault = std::current_exception();
    }
    EXPECT_TRUE(co_await tasks.stop(Seconds{10}));
    if (fault) {
      std::rethrow_exception(fault);
    }
  }

  // One question after another: each is counted and gets `answer`.
  async::Task<> serve() {
    for (;;) {
      Protocol::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
      std::string text;
      const std::size_t head =
          co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", asio::use_awaitable);
      const std::size_t length = std::stoul(text.substr(text.find("Content-Length: ") + 16));
      std::string rest(head + length - text.size(), '\0');
      co_await asio::async_read(socket, asio::buffer(rest), asio::use_awaitable);
      ++asked;
      const std::string reply = "HTTP/1.1 " + answer.first +
                                "\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.second.size()) +
                                "\r\n\r\n" + answer.second;
      co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
    }
  }

  Settings settings() {
    return {.service = "game",
            .url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/",
            .secret = Secret("secret")};
  }

  async::Task<std::string> ask(std::string token) {
    try {
      co_return (co_await tokens.holder_of(std::move(token))).value_or("unknown");
    } catch (const Error& error) {
      co_return std::string(to_string(error.kind()));
    }
  }

  async::Task<> keep(std::string token, std::string& into) { into = co_await ask(std::move(token)); }

  async::Task<> known_for_a_while() {
    const std::string holder = co_await ask("token");
    EXPECT_EQ(holder.size(), 32U);
    clock.advance(Seconds{29});
    EXPECT_EQ(co_await ask("token"), holder);
    EXPECT_EQ(asked, 1);
    clock.advance(Seconds{1});
    answer = {"404 Not Found", ""};
    EXPECT_EQ(co_await ask("token"), "unknown");
    EXPECT_EQ(co_await ask("token"), "unknown");
    EXPECT_EQ(asked, 3);
  }

  async::Task<> shared_question() {
    std::string one;
    std::string two;
    co_await async::both(keep("token", one), keep("token", two));
    EXPECT_EQ(one.size(), 32U);
    EXPECT_EQ(one, two);
    EXPECT_EQ(asked, 1);
  }

  async::Task<> faults_told_once() {
    for (const char* status : {"500 Broken", "302 Found", "204 No Content", "401 Unauthorized"}) {
      answer.first = status;
      EXPECT_EQ(co_await ask("token"), "unavailable") << status;
    }
    answer = {"200 OK", R"({"holder": ""})"};
    EXPECT_EQ(co_await ask("token"), "unavailable");
    EXPECT_EQ(said.size(), 1U);
    answer.second = R"({"holder": "alice"})";
    EXPECT_EQ((co_await ask("token")).size(), 32U);
    EXPECT_EQ(said.size(), 2U);
    for (const std::string& line : said) {
      EXPECT_EQ(line.find("secret"), std::string::npos) << line;
    }
  }

  async::Task<> too_many() {
    async::TaskGroup many(loop.get_executor());
    std::vector<std::string> answers(65);
    for (std::size_t number = 0; number < answers.size(); ++number) {
      many.spawn(keep("token " + std::to_string(number), answers[number]));
    }
    co_await many.join();
    EXPECT_EQ(std::ranges::count(answers, "unavailable"), 1);
    EXPECT_EQ(asked, 64);
  }

  asio::io_context loop{1};
  async::TaskGroup tasks{loop.get_executor()};
  ManualClock clock;
  Protocol::acceptor acceptor{loop, {asio::ip::make_address("127.0.0.1"), 0}};
  std::pair<std::string, std::string> answer{"200 OK", R"({"holder": "alice"})"};
  int asked = 0;
  std::vector<std::string> said;
  WebhookTokens tokens{settings(), clock, tasks, [this](const std::string& line) { said.push_back(line); }};
};

TEST_F(WebhookTokensTest, ask_again_after_half_a_minute_and_at_once_for_what_is_not_known) { run(known_for_a_while()); }
TEST_F(WebhookTokensTest, ask_once_for_two_who_come_together) { run(shared_question()); }
TEST_F(WebhookTokensTest, cannot_tell_when_the_answer_is_none_and_say_so_once) { run(faults_told_once()); }
TEST_F(WebhookTokensTest, refuse_to_ask_for_too_many_at_once) { run(too_many()); }

TEST(WebhookUrl, is_https_or_on_this_host) {
  for (const char* url : {"https://a.example/b?c", "http://127.0.0.1:8/", "http://localhost/", "http://[::1]:8/"}) {
    EXPECT_FALSE(fault_of_url(url)) << url;
  }
  for (const char* url : {"", "nowhere", "ftp://127.0.0.1/", "http://a.example/", "http://127.evil.example/",
                          "https://me:word@a.example/", "http://127.0.0.1@a.example/", "file:///etc/passwd"}) {
    EXPECT_TRUE(fault_of_url(url)) << url;
  }
}

}  // namespace
}  // namespace berth::notifiers::webhook
