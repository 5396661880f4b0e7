// SPDX-License-Identifier: Apache-2.0
#include "core/webhooks.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "core/host.h"

namespace berth::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Keeps what it is told to deliver, and answers as it is told to. One address can be kept without an answer.
class FakeNotifier final : public Notifier {
 public:
  explicit FakeNotifier(const async::Executor& executor) : called(executor), let_go(executor) {}

  async::Task<Receipt> deliver(Message message) override {
    sent.push_back(message);
    called.fire();
    while (message.address == silent) {
      co_await let_go.wait();
    }
    co_return message.event.detail == poison ? Receipt{.outcome = Outcome::failed, .status = 400, .fault = "no"}
                                             : answer;
  }
  std::optional<std::string> fault_of(const std::string& address) const override {
    return address.starts_with("https:") ? std::nullopt : std::optional<std::string>("is no address");
  }

  std::vector<std::string> details() const {
    std::vector<std::string> list;
    for (const Message& message : sent) {
      list.push_back(message.event.detail);
    }
    return list;
  }

  std::vector<Message> sent;
  Receipt answer{.outcome = Outcome::taken, .status = 200, .fault = {}};
  std::string silent;
  std::string poison = "poison";
  async::Trigger called;
  async::Trigger let_go;
};

const Receipt refused{.outcome = Outcome::failed, .status = 500, .fault = "it answered 500"};

class WebhooksTest : public Host {
 protected:
  async::Task<WebhookId> make(std::vector<EventType> types = {EventType::lab_ready},
                              std::string url = "https://a.example/") {
    co_return (co_await webhooks.create(admin, {.url = std::move(url), .types = std::move(types)})).shown.webhook.id;
  }

  async::Task<> happen(std::string detail, EventType type = EventType::lab_ready) {
    co_await journal.transact([&](Transaction& transaction) {
      transaction.append_event({.type = type, .at = clock.now(), .detail = detail});
    });
  }

  async::Task<> sent(std::size_t many) {
    while (notifier.sent.size() < many) {
      co_await notifier.called.wait();
    }
  }

  // Until the webhook is as `wanted`; what changes it looks at the journal, or at the clock.
  template <class Wanted>
  async::Task<ShownWebhook> shown(WebhookId id, Wanted wanted) {
    for (;;) {
      const ShownWebhook now = co_await webhooks.find(admin, id);
      if (wanted(now)) {
        co_return now;
      }
    }
  }
  async::Task<ShownWebhook> delivered(WebhookId id, std::uint64_t many) {
    co_return co_await shown(id, [&](const ShownWebhook& each) { return each.webhook.delivered == many; });
  }
  async::Task<ShownWebhook> failed(WebhookId id) {
    co_return co_await shown(id, [&](const ShownWebhook& each) { return each.status.next_try_at.has_value(); });
  }

  // As long as the longest wait, which is then over.
  void advance(Milliseconds time) {
    clock.advance(time);
    webhooks.look_again();
  }

  async::Task<> in_order() {
    co_await happen("before");
    const WebhookId id = co_await make();
    for (const char* detail : {"one", "two", "three"}) {
      co_await happen(detail);
      co_await happen("other", EventType::login);
    }
    const ShownWebhook after = co_await delivered(id, 3);
    EXPECT_THAT(notifier.details(), ElementsAre("one", "two", "three"));
    EXPECT_EQ(notifier.sent[0].id, "evt_" + std::to_string(notifier.sent[0].event.sequence));
    EXPECT_EQ(after.webhook.delivered_through, notifier.sent[2].event.sequence);
    EXPECT_EQ(after.status.delivered_at, clock.now());
    EXPECT_FALSE(after.status.failing_since);
    co_await make({});
    co_await happen("any", EventType::login);
    co_await sent(4);
    EXPECT_EQ(notifier.details().back(), "any");
  }

  async::Task<> backs_off() {
    notifier.answer = refused;
    const WebhookId id = co_await make();
    const TimePoint begun = clock.now();
    co_await happen("one");
    co_await happen("two");
    Milliseconds longest{1000};
    for (std::size_t tries = 1; tries <= 12; ++tries, longest = std::min(2 * longest, Milliseconds{600'000})) {
      const ShownWebhook now = co_await failed(id);
      EXPECT_EQ(notifier.sent.size(), tries);
      EXPECT_LE(*now.status.next_try_at - clock.now(), longest);
      EXPECT_GE(*now.status.next_try_at - clock.now(), longest / 2);
      EXPECT_EQ(now.status.fault, "it answered 500");
      EXPECT_EQ(now.status.failing_since, begun);
      const TimePoint next = *now.status.next_try_at;
      advance(next - clock.now() - Milliseconds{1});
      co_await delivered(id, 0);  // a round through the store: nothing is sent too early
      EXPECT_EQ(notifier.sent.size(), tries);
      if (tries == 12) {
        notifier.answer = {.outcome = Outcome::taken, .status = 200, .fault = {}};
      }
      advance(Milliseconds{1});
      co_await sent(tries + 1);
      co_await shown(id, [&](const ShownWebhook& each) { return each.status.next_try_at != next; });
    }
    const ShownWebhook after = co_await delivered(id, 2);
    EXPECT_FALSE(after.status.failing_since);
    EXPECT_EQ(notifier.sent[11].id, notifier.sent[0].id);
    EXPECT_EQ(notifier.details().back(), "two");
    EXPECT_EQ(notifier.sent.size(), 14U);
  }

  async::Task<> a_good_test_ends_the_wait() {
    notifier.answer = refused;
    const WebhookId id = co_await make();
    co_await happen("one");
    co_await failed(id);
    const WebhookTest bad = co_await webhooks.test(admin, id);
    EXPECT_EQ(bad.receipt.fault, "it answered 500");
    notifier.answer = {.outcome = Outcome::taken, .status = 204, .fault = {}};
    const WebhookTest good = co_await webhooks.test(admin, id);
    EXPECT_EQ(good.receipt.status, 204);
    EXPECT_EQ(notifier.sent[2].event.type, EventType::webhook_test);
    EXPECT_EQ(notifier.sent[2].event.sequence, 0U);
    co_await delivered(id, 1);
  }

  async::Task<> unwanted_disables() {
    notifier.answer = {.outcome = Outcome::unwanted, .status = 410, .fault = "it answered 410 (Gone)"};
    const WebhookId id = co_await make();
    co_await happen("one");
    co_await happen("two");
    const ShownWebhook off = co_await shown(id, [](const ShownWebhook& each) { return !each.webhook.enabled; });
    EXPECT_EQ(off.webhook.reason, "it answered 410 (Gone)");
    advance(Seconds{3600});
    notifier.answer = {.outcome = Outcome::taken, .status = 200, .fault = {}};
    const ShownWebhook on = co_await webhooks.enable(admin, id, true);
    EXPECT_FALSE(on.webhook.reason);
    co_await delivered(id, 2);
    EXPECT_THAT(notifier.details(), ElementsAre("one", "one", "two"));
  }

  async::Task<> dropped_after_a_day() {
    notifier.answer = refused;
    const WebhookId id = co_await make();
    co_await happen("poison");
    co_await failed(id);
    clock.advance(Seconds{12 * 3600});
    co_await happen("good");
    notifier.answer = {.outcome = Outcome::taken, .status = 200, .fault = {}};
    const std::size_t tries = notifier.sent.size();
    advance(Seconds{11 * 3600});
    co_await sent(tries + 1);
    EXPECT_EQ((co_await webhooks.find(admin, id)).webhook.dropped, 0U);
    advance(Seconds{3600});
    co_await shown(id, [](const ShownWebhook& each) { return each.webhook.dropped == 1; });
    advance(Seconds{600});
    const ShownWebhook after = co_await delivered(id, 1);
    EXPECT_EQ(after.webhook.dropped, 1U);
    EXPECT_EQ(std::ranges::count(notifier.details(), "good"), 1);
    EXPECT_EQ(notifier.details().back(), "good");
  }

  async::Task<> goes_on_behind_a_gap() {
    notifier.answer = refused;
    const WebhookId id = co_await make();
    co_await happen("one");
    co_await happen("two", EventType::login);
    co_await failed(id);
    clock.advance(Seconds{3600});
    co_await happen("three");
    co_await journal.transact([&](Transaction& transaction) { transaction.remove_events_before(clock.now()); });
    notifier.answer = {.outcome = Outcome::taken, .status = 200, .fault = {}};
    advance(Seconds{600});
    const ShownWebhook after = co_await delivered(id, 1);
    EXPECT_EQ(after.webhook.missed, 2U);
    EXPECT_EQ(notifier.details().front(), "one");
    EXPECT_EQ(notifier.details().back(), "three");
    EXPECT_THAT(logged.back(), HasSubstr("go well again"));
    EXPECT_THAT(logged[logged.size() - 2], HasSubstr("2 events were forgotten"));
  }

  async::Task<> a_slow_one_holds_no_other_up() {
    notifier.silent = "https://slow.example/";
    const WebhookId slow = co_await make({EventType::lab_ready}, notifier.silent);
    const WebhookId quick = co_await make();
    co_await happen("one");
    co_await happen("two");
    co_await delivered(quick, 2);
    EXPECT_EQ((co_await webhooks.find(admin, slow)).webhook.delivered, 0U);
    EXPECT_EQ(notifier.sent.size(), 3U);  // one at a time to the slow one
    notifier.silent.clear();
    notifier.let_go.fire();
    co_await delivered(slow, 2);
  }

  // A berthd that was killed, and the next one.
  async::Task<> a_killed_one_sends_again_what_was_not_done_with() {
    async::TaskGroup killed(loop.get_executor());
    Webhooks first{surroundings_of(), killed};
    notifier.silent = "https://a.example/";
    const WebhookId id =
        (co_await first.create(admin, {.url = notifier.silent, .types = {EventType::lab_ready}})).shown.webhook.id;
    co_await happen("one");
    co_await happen("two");
    co_await sent(1);
    EXPECT_TRUE(co_await killed.stop(Seconds{5}));
    co_await happen("three");
    notifier.silent.clear();
    co_await webhooks.open();
    const ShownWebhook after = co_await delivered(id, 3);
    EXPECT_THAT(notifier.details(), ElementsAre("one", "one", "two", "three"));
    EXPECT_EQ(notifier.sent[0].id, notifier.sent[1].id);
  }

  async::Task<> what_is_not_for_it_is_noted_now_and_then() {
    const WebhookId id = co_await make();
    const std::uint64_t before = (co_await webhooks.find(admin, id)).webhook.delivered_through;
    co_await happen("other", EventType::login);
    advance(Seconds{600});
    co_await shown(id, [&](const ShownWebhook& each) { return each.webhook.delivered_through == before + 1; });
    EXPECT_THAT(notifier.sent, IsEmpty());
  }

  async::Task<> a_new_secret_signs_beside_the_earlier_for_a_day() {
    const IssuedWebhook issued =
        co_await webhooks.create(admin, {.url = "https://a.example/", .types = {EventType::lab_ready}});
    const WebhookId id = issued.shown.webhook.id;
    EXPECT_THAT(issued.secret.reveal(), HasSubstr("whsec_"));
    EXPECT_EQ(issued.shown.webhook.secret.reveal(), "");
    const IssuedWebhook rotated = co_await webhooks.rotate(admin, id);
    EXPECT_NE(rotated.secret.reveal(), issued.secret.reveal());
    co_await happen("one");
    co_await delivered(id, 1);
    EXPECT_THAT(signed_by(0), ElementsAre(rotated.secret.reveal(), issued.secret.reveal()));
    clock.advance(Seconds{24 * 3600});
    co_await happen("two");
    co_await delivered(id, 2);
    EXPECT_THAT(signed_by(1), ElementsAre(rotated.secret.reveal()));
    const ShownWebhook told = co_await webhooks.find(admin, id);
    EXPECT_EQ(told.webhook.secret.reveal(), "");
    EXPECT_FALSE(told.webhook.earlier_secret);
    for (const std::string& line : logged) {
      EXPECT_THAT(line, testing::Not(HasSubstr("whsec_")));
    }
  }

  std::vector<std::string> signed_by(std::size_t number) {
    std::vector<std::string> secrets;
    for (const Secret& secret : notifier.sent[number].secrets) {
      secrets.push_back(secret.reveal());
    }
    return secrets;
  }

  async::Task<> removed_it_is_sent_nothing() {
    const WebhookId id = co_await make();
    co_await webhooks.remove(admin, id);
    co_await happen("one");
    const WebhookId next = co_await make();
    co_await happen("two");
    co_await delivered(next, 1);
    EXPECT_THAT(notifier.details(), ElementsAre("two"));
    EXPECT_EQ(co_await kind_of(webhooks.find(admin, id)), "not_found");
    EXPECT_EQ(co_await kind_of(webhooks.remove(admin, id)), "not_found");
  }

  async::Task<> they_are_administrators_alone() {
    const WebhookId id = co_await make();
    const Caller ann = co_await caller("ann");
    EXPECT_EQ(co_await kind_of(webhooks.list(ann)), "forbidden");
    EXPECT_EQ(co_await kind_of(webhooks.find(ann, id)), "forbidden");
    EXPECT_EQ(co_await kind_of(webhooks.create(ann, {.url = "https://a.example/", .types = {}})), "forbidden");
    EXPECT_EQ(co_await kind_of(webhooks.enable(ann, id, false)), "forbidden");
    EXPECT_EQ(co_await kind_of(webhooks.rotate(ann, id)), "forbidden");
    EXPECT_EQ(co_await kind_of(webhooks.remove(ann, id)), "forbidden");
    EXPECT_EQ(co_await kind_of(webhooks.test(ann, id)), "forbidden");
    EXPECT_THAT(notifier.sent, IsEmpty());
  }

  async::Task<> what_makes_no_sense_is_refused() {
    const Failure failure = co_await failure_of(without_result(webhooks.create(admin, {.url = "http:", .types = {}})));
    EXPECT_EQ(failure.kind, "invalid_argument");
    EXPECT_EQ(failure.message, "the address is no address");
    const std::string longer = "https://a.example/" + std::string(2000, 'a');
    EXPECT_EQ(co_await kind_of(webhooks.create(admin, {.url = longer, .types = {}})), "invalid_argument");
    for (int number = 0; number < 16; ++number) {
      co_await make();
    }
    EXPECT_EQ(co_await kind_of(make()), "exhausted");
    EXPECT_EQ((co_await webhooks.list(admin)).size(), 16U);
  }

  Courier::Surroundings surroundings_of() {
    return {.journal = journal, .notifier = notifier, .clock = clock, .log = [this](const std::string& line) {
              logged.push_back(line);
            }};
  }

  FakeNotifier notifier{loop.get_executor()};
  std::vector<std::string> logged;
  Webhooks webhooks{surroundings_of(), tasks};
};

TEST_F(WebhooksTest, DeliverWhatTheyAreForInOrder) { run(in_order()); }
TEST_F(WebhooksTest, TryAgainWithGrowingPauses) { run(backs_off()); }
TEST_F(WebhooksTest, StopWaitingAfterAGoodTest) { run(a_good_test_ends_the_wait()); }
TEST_F(WebhooksTest, AreDisabledWhereNobodyWantsThem) { run(unwanted_disables()); }
TEST_F(WebhooksTest, DropWhatCannotBeDeliveredForADay) { run(dropped_after_a_day()); }
TEST_F(WebhooksTest, GoOnBehindWhatHistoryForgot) { run(goes_on_behind_a_gap()); }
TEST_F(WebhooksTest, DoNotWaitForEachOther) { run(a_slow_one_holds_no_other_up()); }
TEST_F(WebhooksTest, SendAgainWhatAKilledBerthdWasSending) { run(a_killed_one_sends_again_what_was_not_done_with()); }
TEST_F(WebhooksTest, NoteNowAndThenWhatIsNotForThem) { run(what_is_not_for_it_is_noted_now_and_then()); }
TEST_F(WebhooksTest, SignWithANewSecretAndTheEarlierForADay) { run(a_new_secret_signs_beside_the_earlier_for_a_day()); }
TEST_F(WebhooksTest, SendNothingWhenRemoved) { run(removed_it_is_sent_nothing()); }
TEST_F(WebhooksTest, AreForAdministratorsAlone) { run(they_are_administrators_alone()); }
TEST_F(WebhooksTest, RefuseWhatMakesNoSense) { run(what_makes_no_sense_is_refused()); }

}  // namespace
}  // namespace berth::core
