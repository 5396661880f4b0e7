// SPDX-License-Identifier: Apache-2.0
#include "core/webhooks.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/error.h"

namespace berth::core {
namespace {

constexpr std::size_t most_webhooks = 16;
constexpr std::size_t longest_url = 2000;
constexpr Seconds earlier_secret_for{24 * 3600};

Secret make_secret() { return Secret("whsec_" + encode_base64(random_name(48))); }

Webhook known_webhook(Transaction& transaction, const WebhookId& id) {
  auto webhook = transaction.find_webhook(id);
  if (!webhook) {
    throw Error(ErrorKind::not_found, "there is no such webhook");
  }
  return std::move(*webhook);
}

Webhook draft_of(NewWebhook request, TimePoint now) {
  std::ranges::sort(request.types);
  request.types.erase(std::ranges::unique(request.types).begin(), request.types.end());
  return {.id = WebhookId(random_name(12)),
          .url = std::move(request.url),
          .types = std::move(request.types),
          .secret = make_secret(),
          .earlier_secret = {},
          .earlier_until = {},
          .reason = {},
          .created_at = now};
}

}  // namespace

async::Task<std::vector<ShownWebhook>> Webhooks::list(Caller caller) {
  require(caller, Scope::accounts_write);
  std::vector<ShownWebhook> list;
  for (Webhook& webhook :
       co_await surroundings_.journal.transact([](Transaction& each) { return each.list_webhooks(); })) {
    list.push_back(shown(std::move(webhook)));
  }
  co_return list;
}

async::Task<ShownWebhook> Webhooks::find(Caller caller, WebhookId id) {
  require(caller, Scope::accounts_write);
  co_return shown(co_await surroundings_.journal.transact([&](Transaction& each) { return known_webhook(each, id); }));
}

async::Task<IssuedWebhook> Webhooks::create(Caller caller, NewWebhook request) {
  require(caller, Scope::accounts_write);
  if (request.url.size() > longest_url) {
    throw Error(ErrorKind::invalid_argument, "the address is longer than 2000 bytes", "url");
  }
  if (const auto fault = surroundings_.notifier.fault_of(request.url)) {
    throw Error(ErrorKind::invalid_argument, "the address " + *fault, "url");
  }
  Webhook webhook = draft_of(std::move(request), surroundings_.clock.now());
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    if (transaction.list_webhooks().size() >= most_webhooks) {
      throw Error(ErrorKind::exhausted, "there are 16 webhooks already; remove one first");
    }
    webhook.delivered_through = transaction.last_event_sequence();
    transaction.put_webhook(webhook);
  });
  begin(webhook.id);
  surroundings_.log("webhook " + webhook.id.text() + ": made by " + caller.account.id.text());
  const Secret secret = webhook.secret;
  co_return IssuedWebhook{shown(std::move(webhook)), secret};
}

async::Task<ShownWebhook> Webhooks::enable(Caller caller, WebhookId id, bool enabled) {
  require(caller, Scope::accounts_write);
  ShownWebhook changed = co_await change(id, [&](Webhook& webhook) {
    if (webhook.enabled != enabled) {
      webhook.reason = enabled ? std::nullopt : std::optional<std::string>("an administrator disabled it");
      webhook.enabled = enabled;
    }
  });
  if (Courier* courier = courier_of(id)) {
    courier->hurry();
  }
  co_return changed;
}

async::Task<IssuedWebhook> Webhooks::rotate(Caller caller, WebhookId id) {
  require(caller, Scope::accounts_write);
  const Secret secret = make_secret();
  ShownWebhook changed = co_await change(id, [&](Webhook& webhook) {
    webhook.earlier_secret = std::exchange(webhook.secret, secret);
    webhook.earlier_until = surroundings_.clock.now() + earlier_secret_for;
  });
  surroundings_.log("webhook " + id.text() + ": its secret was changed by " + caller.account.id.text());
  co_return IssuedWebhook{std::move(changed), secret};
}

async::Task<> Webhooks::remove(Caller caller, WebhookId id) {
  require(caller, Scope::accounts_write);
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    known_webhook(transaction, id);
    transaction.remove_webhook(id);
  });
  surroundings_.log("webhook " + id.text() + ": removed by " + caller.account.id.text());
  if (Courier* courier = courier_of(id)) {
    courier->look_again();
  }
}

async::Task<WebhookTest> Webhooks::test(Caller caller, WebhookId id) {
  require(caller, Scope::accounts_write);
  const Webhook webhook =
      co_await surroundings_.journal.transact([&](Transaction& each) { return known_webhook(each, id); });
  const TimePoint begun = surroundings_.clock.now();
  Event event{.type = EventType::webhook_test,
              .at = begun,
              .account = caller.account.id,
              .instance = {},
              .image = {},
              .detail = "a test of this webhook"};
  WebhookTest test;
  test.receipt =
      co_await surroundings_.notifier.deliver(message_of(webhook, "test_" + random_name(16), std::move(event), begun));
  test.took = surroundings_.clock.now() - begun;
  Courier* courier = courier_of(id);
  if (courier != nullptr && test.receipt.outcome == Outcome::taken) {
    courier->hurry();
  }
  co_return test;
}

async::Task<> Webhooks::open() {
  for (const Webhook& webhook :
       co_await surroundings_.journal.transact([](Transaction& each) { return each.list_webhooks(); })) {
    begin(webhook.id);
  }
}

void Webhooks::look_again() {
  for (const auto& [id, courier] : couriers_) {
    courier->look_again();
  }
}

ShownWebhook Webhooks::shown(Webhook webhook) const {
  webhook.secret = Secret();
  webhook.earlier_secret.reset();
  const Courier* courier = courier_of(webhook.id);
  return {.webhook = std::move(webhook), .status = courier == nullptr ? DeliveryStatus{} : courier->status()};
}

void Webhooks::begin(const WebhookId& id) {
  couriers_[id] = std::make_unique<Courier>(surroundings_, tasks_.executor(), id);
  tasks_.spawn(serve(id));
}

async::Task<> Webhooks::serve(WebhookId id) {
  co_await couriers_.at(id)->run();
  couriers_.erase(id);
}

Courier* Webhooks::courier_of(const WebhookId& id) const {
  const auto found = couriers_.find(id);
  return found == couriers_.end() ? nullptr : found->second.get();
}

async::Task<ShownWebhook> Webhooks::change(WebhookId id, std::function<void(Webhook&)> how) {
  co_return shown(co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Webhook webhook = known_webhook(transaction, id);
    how(webhook);
    transaction.put_webhook(webhook);
    return webhook;
  }));
}

}  // namespace berth::core
