// SPDX-License-Identifier: Apache-2.0
#include "notifiers/webhook/webhook_notifier.h"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "async/race.h"
#include "async/task_group.h"
#include "async/time_limit.h"
#include "base/described.h"
#include "base/error.h"
#include "notifiers/webhook/signature.h"

namespace berth::notifiers::webhook {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using core::Outcome;
using testing::HasSubstr;

const Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

TEST(WebhookSignature, is_that_of_the_specification) {
  const std::string body = R"({"test": 2432232314})";
  const std::string known = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  EXPECT_EQ(signatures_of({secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body), known);
  EXPECT_THAT(signatures_of({Secret("whsec_AAAA"), secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body),
              HasSubstr(" " + known));
}

TEST(WebhookSignature, needs_a_secret_of_its_kind) {
  for (const char* text : {"", "whsec", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?"}) {
    EXPECT_THROW(signatures_of({Secret(text)}, "", "", ""), Error) << text;
  }
}

// A receiver that answers every request alike, or never.
class WebhookNotifierTest : public testing::Test {
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

  async::Task<> serve() {
    for (;;) {
      tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
      std::string text;
      const std::size_t end =
          co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", asio::use_awaitable);
      head = text.substr(0, end);
      body = text.substr(end);
      const std::size_t length = std::stoul(head.substr(head.find("Content-Length: ") + 16));
      const std::size_t known = body.size();
      body.resize(length);
      co_await asio::async_read(socket, asio::buffer(body.data() + known, length - known), asio::use_awaitable);
      asked.fire();
      if (answer.empty()) {
        kept.push_back(std::move(socket));
        continue;
      }
      const std::string reply = "HTTP/1.1 " + answer +
                                "\r\nConnection: close\r\nContent-Length: " + std::to_string(answer_body.size()) +
                                "\r\n\r\n" + answer_body;
      co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
    }
  }

  core::Message message() {
    return {.id = "evt_7",
            .event = {.sequence = 7,
                      .type = core::EventType::attempt_solved,
                      .at = TimePoint{Milliseconds{1'500}},
                      .account = AccountId("ann"),
                      .attempt = AttemptId("try"),
                      .lab = "lab",
                      .verdict = core::Verdict::solved,
                      .detail = "solved"},
            .sent_at = TimePoint{Milliseconds{2'500}},
            .address = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/hook",
            .secrets = {secret}};
  }

  std::string header(const std::string& name) const {
    const std::size_t at = head.find(name + ": ") + name.size() + 2;
    return head.substr(at, head.find("\r\n", at) - at);
  }

  async::Task<> posts_what_happened() {
    const core::Receipt receipt = co_await notifier.deliver(message());
    EXPECT_EQ(receipt.outcome, Outcome::taken);
    EXPECT_EQ(receipt.status, 204);
    EXPECT_EQ(body,
              R"({"id":"evt_7","sequence":7,"type":"attempt_solved","at":"1970-01-01T00:00:01.500Z","account":"ann",)"
              R"("instance":null,"image":null,"attempt":"try","lab":"lab","verdict":"solved","detail":"solved"})");
    EXPECT_EQ(header("webhook-id"), "evt_7");
    EXPECT_EQ(header("webhook-timestamp"), "2");
    EXPECT_EQ(header("webhook-signature"), signatures_of({secret}, "evt_7", "2", body));
    EXPECT_EQ(header("Content-Type"), "application/json");
    EXPECT_THAT(head, HasSubstr("POST /hook HTTP/1.1\r\n"));
  }

  async::Task<> tells_what_came() {
    for (const auto& [status, outcome] : {std::pair("200 OK", Outcome::taken),
                                          {"299 Odd", Outcome::taken},
                                          {"302 Found\r\nLocation: /elsewhere", Outcome::failed},
                                          {"400 Bad", Outcome::failed},
                                          {"410 Gone", Outcome::unwanted},
                                          {"500 Broken", Outcome::failed}}) {
      answer = status;
      answer_body = "a secret of theirs";
      const core::Receipt receipt = co_await notifier.deliver(message());
      EXPECT_EQ(receipt.outcome, outcome) << status;
      EXPECT_EQ(receipt.status, std::stoi(status));
      EXPECT_EQ(receipt.fault.empty(), outcome == Outcome::taken);
      EXPECT_EQ(receipt.fault.find("theirs"), std::string::npos);
    }
    acceptor.close();
    core::Message nowhere = message_to_closed;
    EXPECT_EQ((co_await notifier.deliver(nowhere)).outcome, Outcome::failed);
  }

  async::Task<> keep(core::Message what) { co_await notifier.deliver(std::move(what)); }

  async::Task<> ends_when_cancelled() {
    answer.clear();
    async::TaskGroup deliveries(loop.get_executor());
    deliveries.spawn(keep(message()));
    co_await asked.wait();
    EXPECT_TRUE(co_await deliveries.stop(Seconds{5}));
  }

  asio::io_context loop{1};
  async::TaskGroup tasks{loop.get_executor()};
  tcp::acceptor acceptor{loop, {asio::ip::make_address("127.0.0.1"), 0}};
  async::Trigger asked{loop.get_executor()};
  std::string answer = "204 No Content";
  std::string answer_body;
  std::string head;
  std::string body;
  std::vector<tcp::socket> kept;
  core::Message message_to_closed = message();
  WebhookNotifier notifier;
};

TEST_F(WebhookNotifierTest, posts_what_happened_with_its_signature) { run(posts_what_happened()); }
TEST_F(WebhookNotifierTest, tells_what_came_of_it_without_the_answers_body) { run(tells_what_came()); }
TEST_F(WebhookNotifierTest, gives_up_at_once_when_it_is_cancelled) { run(ends_when_cancelled()); }

}  // namespace
}  // namespace berth::notifiers::webhook
