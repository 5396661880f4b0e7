// SPDX-License-Identifier: Apache-2.0
#include "core/storable.h"
#include "stores/memory/transaction_parts.h"

namespace berth::stores::memory {

using core::Webhook;

void MemoryTransaction::put_webhook(const Webhook& webhook) {
  guard([&] {
    core::require_storable(webhook);
    tables_.webhooks.put(webhook.id, webhook, undo_);
  });
}

std::optional<Webhook> MemoryTransaction::find_webhook(const core::WebhookId& id) {
  return guard([&] {
    core::require_text(id.text(), "id");
    return tables_.webhooks.find(id);
  });
}

std::vector<Webhook> MemoryTransaction::list_webhooks() {
  return guard([&] { return pick(tables_.webhooks.rows(), 0, [](const Webhook&) { return true; }); });
}

void MemoryTransaction::remove_webhook(const core::WebhookId& id) {
  guard([&] {
    core::require_text(id.text(), "id");
    tables_.webhooks.remove(id, undo_);
  });
}

}  // namespace berth::stores::memory
