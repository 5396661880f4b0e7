// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

using core::EventType;
using core::Webhook;
using core::WebhookId;

class Webhooks : public StoreTest {
 protected:
  static Webhook plain(const std::string& id) {
    return {.id = WebhookId(id), .url = "https://a.example/", .secret = Secret("secret"), .created_at = moment(1)};
  }

  static Webhook full(const std::string& id) {
    return {.id = WebhookId(id),
            .url = "https://a.example/" + odd_text(),
            .types = {EventType::attempt_solved, EventType::login},
            .secret = Secret("new " + odd_text()),
            .earlier_secret = Secret("old " + odd_text()),
            .earlier_until = moment(2),
            .enabled = false,
            .reason = odd_text(),
            .created_at = moment(3),
            .delivered_through = (1ULL << 62) + 1,
            .delivered = 4,
            .dropped = 5,
            .missed = 6};
  }

  // Does not compile when a field is added: add it to the stores, too.
  static std::string show(const Webhook& webhook) {
    const auto& [id, url, types, secret, earlier_secret, earlier_until, enabled, reason, created_at, delivered_through,
                 delivered, dropped, missed] = webhook;
    std::string text = id.text() + "|" + url + "|" + print_json(to_json(types)) + "|" + secret.reveal() + "|" +
                       earlier_secret.value_or(Secret("none")).reveal() + "|" + reason.value_or("none");
    for (const auto& time : {earlier_until, std::optional(created_at)}) {
      text += "|" + (time ? format_time(*time) : "none");
    }
    for (const std::uint64_t number :
         {static_cast<std::uint64_t>(enabled), delivered_through, delivered, dropped, missed}) {
      text += "|" + std::to_string(number);
    }
    return text;
  }

  void put(const Webhook& webhook) {
    transact([&](Transaction& transaction) { transaction.put_webhook(webhook); });
  }

  std::vector<std::string> listed() {
    std::vector<std::string> texts;
    for (const Webhook& webhook : get([](Transaction& each) { return each.list_webhooks(); })) {
      texts.push_back(show(webhook));
    }
    return texts;
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Webhooks, testing::ValuesIn(all_kinds()), name_of_kind);

TEST_P(Webhooks, come_back_by_id_as_they_were_put_until_they_are_removed) {
  put(full("b"));
  put(plain("c"));
  put(plain("a"));
  put(full("c"));  // replaces it
  reopen();
  EXPECT_EQ(listed(), (std::vector{show(plain("a")), show(full("b")), show(full("c"))}));
  transact([](Transaction& transaction) {
    EXPECT_EQ(show(transaction.find_webhook(WebhookId("b")).value()), show(full("b")));
    EXPECT_FALSE(transaction.find_webhook(WebhookId("none")));
    transaction.remove_webhook(WebhookId("none"));
    transaction.remove_webhook(WebhookId("b"));
  });
  EXPECT_EQ(listed(), (std::vector{show(plain("a")), show(full("c"))}));
}

TEST_P(Webhooks, are_undone_with_their_transaction) {
  put(plain("a"));
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              transaction.put_webhook(full("a"));
              transaction.remove_webhook(WebhookId("a"));
              throw Error(ErrorKind::internal, "undo");
            }),
            ErrorKind::internal);
  EXPECT_EQ(listed(), std::vector{show(plain("a"))});
}

TEST_P(Webhooks, refuse_what_no_store_can_keep) {
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_webhook(plain("")); }),
            ErrorKind::invalid_argument);
  Webhook odd = plain("a");
  odd.url = std::string("a\0b", 3);
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_webhook(odd); }), ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace berth::stores::contract
