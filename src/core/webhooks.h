// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/access.h"
#include "core/courier.h"

namespace berth::core {

struct NewWebhook {
  std::string url;
  std::vector<EventType> types;
};

// Without its secrets.
struct ShownWebhook {
  Webhook webhook;
  DeliveryStatus status;
};

// A webhook and its new secret, which is told only in this answer.
struct IssuedWebhook {
  ShownWebhook shown;
  Secret secret;
};

struct WebhookTest {
  Receipt receipt;
  Milliseconds took{0};
};

// The use cases of webhooks, which are administrators' alone: Berth opens connections to where they say. Lives as long
// as the server, on the event thread; the couriers are in `tasks`.
class Webhooks {
 public:
  Webhooks(Courier::Surroundings surroundings, async::TaskGroup& tasks)
      : surroundings_(std::move(surroundings)), tasks_(tasks) {}

  // By id.
  async::Task<std::vector<ShownWebhook>> list(Caller caller);
  async::Task<ShownWebhook> find(Caller caller, WebhookId id);
  // For what happens from now on. Throws Error{invalid_argument} for an address that nothing is sent to, {exhausted}.
  async::Task<IssuedWebhook> create(Caller caller, NewWebhook request);
  async::Task<ShownWebhook> enable(Caller caller, WebhookId id, bool enabled);
  // A new secret; the earlier one signs, too, for a day.
  async::Task<IssuedWebhook> rotate(Caller caller, WebhookId id);
  async::Task<> remove(Caller caller, WebhookId id);
  async::Task<WebhookTest> test(Caller caller, WebhookId id);

  // Goes on with what an earlier berthd began. Deliveries go on in the group.
  async::Task<> open();
  // Has all couriers look again.
  void look_again();

 private:
  ShownWebhook shown(Webhook webhook) const;
  void begin(const WebhookId& id);
  async::Task<> serve(WebhookId id);
  Courier* courier_of(const WebhookId& id) const;
  // Changes the row.
  async::Task<ShownWebhook> change(WebhookId id, std::function<void(Webhook&)> how);

  Courier::Surroundings surroundings_;
  async::TaskGroup& tasks_;
  std::map<WebhookId, std::unique_ptr<Courier>> couriers_;
};

}  // namespace berth::core
