// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/transaction.h"
#include "stores/sql/transaction_parts.h"

namespace berth::stores::sql {

using core::Webhook;

void SqlTransaction::put_webhook(const Webhook& webhook) { put(webhook); }

std::optional<Webhook> SqlTransaction::find_webhook(const core::WebhookId& id) {
  return find<Webhook>(select<Webhook>().add("id = ", id));
}

std::vector<Webhook> SqlTransaction::list_webhooks() {
  return list<Webhook>(select<Webhook>().add("TRUE ORDER BY id"));
}

void SqlTransaction::remove_webhook(const core::WebhookId& id) {
  change(Query("DELETE FROM webhooks WHERE ").add("id = ", id));
}

}  // namespace berth::stores::sql
