// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

struct CreateWebhookRequest {
  std::string url;
  std::optional<std::vector<core::EventType>> types;
};
BOOST_DESCRIBE_STRUCT(CreateWebhookRequest, (), (url, types))

struct ChangeWebhookRequest {
  bool enabled = true;
};
BOOST_DESCRIBE_STRUCT(ChangeWebhookRequest, (), (enabled))

struct WebhookForm {
  core::WebhookId id;
  std::string url;
  std::vector<core::EventType> types;
  bool enabled = true;
  std::optional<std::string> reason;
  TimePoint created_at;
  std::uint64_t delivered_through = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t missed = 0;
  std::optional<TimePoint> delivered_at;
  std::optional<TimePoint> failing_since;
  std::optional<std::string> fault;
  std::optional<TimePoint> next_try_at;
};
BOOST_DESCRIBE_STRUCT(WebhookForm, (),
                      (id, url, types, enabled, reason, created_at, delivered_through, delivered, dropped, missed,
                       delivered_at, failing_since, fault, next_try_at))

struct IssuedWebhookForm {
  WebhookForm webhook;
  std::string secret;
};
BOOST_DESCRIBE_STRUCT(IssuedWebhookForm, (), (webhook, secret))

struct WebhookTestForm {
  bool delivered = false;
  std::optional<int> status;
  std::uint64_t milliseconds = 0;
  std::optional<std::string> fault;
};
BOOST_DESCRIBE_STRUCT(WebhookTestForm, (), (delivered, status, milliseconds, fault))

WebhookForm form_of(const core::ShownWebhook& shown) {
  const core::Webhook& webhook = shown.webhook;
  return {.id = webhook.id,
          .url = webhook.url,
          .types = webhook.types,
          .enabled = webhook.enabled,
          .reason = webhook.reason,
          .created_at = webhook.created_at,
          .delivered_through = webhook.delivered_through,
          .delivered = webhook.delivered,
          .dropped = webhook.dropped,
          .missed = webhook.missed,
          .delivered_at = shown.status.delivered_at,
          .failing_since = shown.status.failing_since,
          .fault = shown.status.fault,
          .next_try_at = shown.status.next_try_at};
}

http::Response issued_response(const core::IssuedWebhook& issued, int status) {
  return json_response(IssuedWebhookForm{form_of(issued.shown), issued.secret.reveal()}, status);
}

core::WebhookId webhook_of(http::Exchange& exchange) { return core::WebhookId(path_parameter(exchange, "webhook")); }

}  // namespace

async::Task<> RestDoor::list_webhooks(http::Exchange& exchange, core::Caller caller) {
  ListForm<WebhookForm> list;
  for (const core::ShownWebhook& webhook : co_await services_.webhooks.list(std::move(caller))) {
    list.items.push_back(form_of(webhook));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::create_webhook(http::Exchange& exchange, core::Caller caller) {
  core::require(caller, core::Scope::accounts_write);
  auto form = co_await read_form<CreateWebhookRequest>(exchange);
  const auto issued = co_await services_.webhooks.create(
      std::move(caller), {.url = std::move(form.url), .types = form.types.value_or(std::vector<core::EventType>())});
  http::Response response = issued_response(issued, 201);
  response.headers.emplace_back("Location", "/api/v1/webhooks/" + issued.shown.webhook.id.text());
  co_await exchange.respond(std::move(response));
}

async::Task<> RestDoor::get_webhook(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.webhooks.find(std::move(caller), webhook_of(exchange));
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::change_webhook(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<ChangeWebhookRequest>(exchange);
  const auto shown = co_await services_.webhooks.enable(std::move(caller), webhook_of(exchange), form.enabled);
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::remove_webhook(http::Exchange& exchange, core::Caller caller) {
  co_await services_.webhooks.remove(std::move(caller), webhook_of(exchange));
  co_await exchange.respond(no_content());
}

async::Task<> RestDoor::test_webhook(http::Exchange& exchange, core::Caller caller) {
  const core::WebhookTest test = co_await services_.webhooks.test(std::move(caller), webhook_of(exchange));
  const core::Receipt& receipt = test.receipt;
  co_await exchange.respond(
      json_response(WebhookTestForm{.delivered = receipt.outcome == core::Outcome::taken,
                                    .status = receipt.status,
                                    .milliseconds = static_cast<std::uint64_t>(test.took.count()),
                                    .fault = receipt.fault.empty() ? std::nullopt : std::optional(receipt.fault)}));
}

async::Task<> RestDoor::rotate_webhook(http::Exchange& exchange, core::Caller caller) {
  const auto issued = co_await services_.webhooks.rotate(std::move(caller), webhook_of(exchange));
  co_await exchange.respond(issued_response(issued, 200));
}

}  // namespace berth::doors::rest
