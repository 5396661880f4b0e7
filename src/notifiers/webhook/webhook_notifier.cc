// SPDX-License-Identifier: Apache-2.0
#include "notifiers/webhook/webhook_notifier.h"

#include <boost/describe/class.hpp>
#include <utility>

#include "async/race.h"
#include "async/trigger.h"
#include "base/described.h"
#include "base/error.h"
#include "notifiers/webhook/request.h"
#include "notifiers/webhook/signature.h"

namespace berth::notifiers::webhook {
namespace {

constexpr Seconds answer_limit{10};
// One for each webhook there may be, so that none waits for another, and some for tests.
constexpr std::size_t threads = 20;

// The body; `WebhookMessage` of the contract.
struct Body {
  std::string id;
  std::optional<std::uint64_t> sequence;
  core::EventType type = core::EventType::webhook_test;
  TimePoint at;
  std::optional<AccountId> account;
  std::optional<InstanceId> instance;
  std::optional<ImageName> image;
  std::optional<AttemptId> attempt;
  std::optional<std::string> lab;
  std::optional<core::Verdict> verdict;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(Body, (), (id, sequence, type, at, account, instance, image, attempt, lab, verdict, detail))

std::string body_of(const core::Message& message) {
  const core::Event& event = message.event;
  return print_json(to_json(Body{.id = message.id,
                                 .sequence = event.sequence == 0 ? std::nullopt : std::optional(event.sequence),
                                 .type = event.type,
                                 .at = event.at,
                                 .account = event.account,
                                 .instance = event.instance,
                                 .image = event.image,
                                 .attempt = event.attempt,
                                 .lab = event.lab,
                                 .verdict = event.verdict,
                                 .detail = event.detail}));
}

Request request_of(const core::Message& message, const std::string& ca_file) {
  const std::string timestamp = std::to_string(std::chrono::floor<Seconds>(message.sent_at).time_since_epoch().count());
  Request request{.url = message.address, .headers = {}, .body = body_of(message), .ca_file = ca_file, .deadline = {}};
  request.headers = {
      Secret("User-Agent: berth"), Secret("webhook-id: " + message.id), Secret("webhook-timestamp: " + timestamp),
      Secret("webhook-signature: " + signatures_of(message.secrets, message.id, timestamp, request.body))};
  request.stopped = std::make_shared<std::atomic<bool>>(false);
  return request;
}

// On a thread of the pool.
core::Receipt receipt_for(Request request) {
  request.deadline = std::chrono::steady_clock::now() + answer_limit;
  try {
    const int status = static_cast<int>(post(request).status);
    if (status >= 200 && status < 300) {
      return {.outcome = core::Outcome::taken, .status = status, .fault = {}};
    }
    if (status == 410) {
      return {.outcome = core::Outcome::unwanted, .status = status, .fault = "it answered 410 (Gone)"};
    }
    return {.outcome = core::Outcome::failed, .status = status, .fault = "it answered " + std::to_string(status)};
  } catch (const Error& error) {
    return {.outcome = core::Outcome::failed, .status = {}, .fault = error.what()};
  }
}

async::Task<> keep(async::Task<core::Receipt> work, core::Receipt& into) { into = co_await std::move(work); }

async::Task<> stop_when_cancelled(std::shared_ptr<std::atomic<bool>> stopped, async::Trigger& never) {
  struct Stop {
    std::atomic<bool>& flag;
    ~Stop() { flag = true; }
  } const at_the_end{*stopped};
  co_await never.wait();
}

}  // namespace

WebhookNotifier::WebhookNotifier(std::string ca_file) : ca_file_(std::move(ca_file)), pool_(threads) {}

async::Task<core::Receipt> WebhookNotifier::deliver(core::Message message) {
  const Request request = request_of(message, ca_file_);
  async::Trigger never(co_await boost::asio::this_coro::executor);
  core::Receipt receipt;
  co_await async::race(keep(pool_.run<core::Receipt>([request] { return receipt_for(request); }), receipt),
                       stop_when_cancelled(request.stopped, never));
  co_return receipt;
}

std::optional<std::string> WebhookNotifier::fault_of(const std::string& address) const { return fault_of_url(address); }

}  // namespace berth::notifiers::webhook
