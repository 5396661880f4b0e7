// SPDX-License-Identifier: Apache-2.0
#include "core/courier.h"

#include <algorithm>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "base/error.h"

namespace berth::core {
namespace {

constexpr Seconds tried_for{24 * 3600};
constexpr Milliseconds longest_back_off{600'000};
constexpr Milliseconds note_every{600'000};
constexpr Milliseconds gather_for{100};  // so that a burst of events is not read one by one
constexpr Milliseconds store_retry{1000};

// What history has forgotten before it could be delivered: how many, of all types. Goes on behind it.
std::uint64_t skip_forgotten(Transaction& transaction, Webhook& webhook) {
  const auto first = transaction.list_events({.limit = 1});
  if (first.empty() || first.front().sequence <= webhook.delivered_through + 1) {
    return 0;
  }
  const std::uint64_t forgotten = first.front().sequence - 1 - webhook.delivered_through;
  webhook.missed += forgotten;
  webhook.delivered_through = first.front().sequence - 1;
  transaction.put_webhook(webhook);
  return forgotten;
}

// 1 s doubling to 10 min, less up to half of it: those who failed together do not come back together.
Milliseconds back_off(int failures, std::minstd_rand& random) {
  const Milliseconds whole = std::min(longest_back_off, Milliseconds{500LL << std::min(failures, 20)});
  return Milliseconds{std::uniform_int_distribution<Milliseconds::rep>(whole.count() / 2, whole.count())(random)};
}

async::Task<> either(async::Trigger& one, unsigned long one_seen, async::Trigger& other, unsigned long other_seen) {
  co_await async::race(one.wait_beyond(one_seen), other.wait_beyond(other_seen));
}

}  // namespace

Message message_of(const Webhook& webhook, std::string id, Event event, TimePoint now) {
  Message message{.id = std::move(id),
                  .event = std::move(event),
                  .sent_at = now,
                  .address = webhook.url,
                  .secrets = {webhook.secret}};
  if (webhook.earlier_secret && webhook.earlier_until && now < *webhook.earlier_until) {
    message.secrets.push_back(*webhook.earlier_secret);
  }
  return message;
}

Courier::Courier(const Surroundings& surroundings, const async::Executor& executor, WebhookId id)
    : surroundings_(surroundings), id_(std::move(id)), changed_(executor), noted_at_(surroundings.clock.now()) {}

void Courier::log(const std::string& what) const { surroundings_.log("webhook " + id_.text() + ": " + what); }

void Courier::hurry() {
  status_.next_try_at.reset();
  changed_.fire();
}

async::Task<> Courier::run() {
  for (bool more = true; more;) {
    std::optional<Error> failure;
    try {
      more = co_await step();
    } catch (const Error& error) {
      failure = error;
    }
    if (failure) {  // the store's, and passing
      log(failure->what());
      co_await async::pause_for(store_retry);
    }
  }
}

// Whether the webhook is still there.
async::Task<bool> Courier::step() {
  const unsigned long appended = surroundings_.journal.appended().count();
  const unsigned long changed = changed_.count();
  const Turn turn = co_await next();
  if (!turn.webhook) {
    co_return false;
  }
  if (!turn.event) {
    co_await wait_for_news(appended, changed);
  } else if (const Milliseconds left = until_next_try(); left > Milliseconds{0}) {
    co_await async::finishes_within(changed_.wait_beyond(changed), left);
  } else {
    const std::string id = "evt_" + std::to_string(turn.event->sequence);
    const Receipt receipt =
        co_await surroundings_.notifier.deliver(message_of(*turn.webhook, id, *turn.event, surroundings_.clock.now()));
    co_await settle(*turn.event, receipt);
  }
  co_return true;
}

async::Task<Courier::Turn> Courier::next() {
  const TimePoint now = surroundings_.clock.now();
  std::uint64_t forgotten = 0;
  std::uint64_t passed = passed_;
  bool noted = false;
  Turn turn = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Turn found{.webhook = transaction.find_webhook(id_), .event = {}};
    if (!found.webhook || !found.webhook->enabled) {
      return found;
    }
    Webhook& webhook = *found.webhook;
    forgotten = skip_forgotten(transaction, webhook);
    auto events = transaction.list_events(
        {.after = std::max(passed, webhook.delivered_through), .limit = 1, .types = webhook.types});
    if (!events.empty()) {
      found.event = std::move(events.front());
      return found;
    }
    passed = transaction.last_event_sequence();
    if (now - noted_at_ >= note_every) {  // else the next berthd would have all of it to look through
      webhook.delivered_through = passed;
      transaction.put_webhook(webhook);
      noted = true;
    }
    return found;
  });
  passed_ = passed;
  if (noted) {
    noted_at_ = now;
  }
  if (forgotten > 0) {
    log(std::to_string(forgotten) + " events were forgotten (limits.history) before they could be delivered");
  }
  co_return turn;
}

async::Task<> Courier::settle(Event event, Receipt receipt) {
  const TimePoint now = surroundings_.clock.now();
  const bool failed = receipt.outcome == Outcome::failed;
  if (failed) {
    note_failure(receipt.fault, now);
    if (now - event.at < tried_for) {
      co_return;
    }
  }
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    auto webhook = transaction.find_webhook(id_);
    if (!webhook) {
      return;
    }
    if (receipt.outcome == Outcome::unwanted) {
      webhook->enabled = false;
      webhook->reason = receipt.fault;
    } else {
      webhook->delivered_through = event.sequence;
      ++(failed ? webhook->dropped : webhook->delivered);
    }
    transaction.put_webhook(*webhook);
  });
  note_end(event, receipt, now);
}

void Courier::note_end(const Event& event, const Receipt& receipt, TimePoint now) {
  if (receipt.outcome == Outcome::failed) {
    log("event " + std::to_string(event.sequence) + " could not be delivered for a day, and is not sent any more");
  } else if (receipt.outcome == Outcome::unwanted) {
    log("disabled: " + receipt.fault);
    status_.fault = receipt.fault;
    status_.next_try_at.reset();
  } else {
    if (std::exchange(failures_, 0) > 0) {
      log("deliveries go well again");
    }
    status_ = {.delivered_at = now, .failing_since = {}, .fault = {}, .next_try_at = {}};
  }
}

void Courier::note_failure(const std::string& fault, TimePoint now) {
  if (failures_++ == 0) {
    log("deliveries fail, and are tried again: " + fault);
    status_.failing_since = now;
  }
  status_.fault = fault;
  status_.next_try_at = now + back_off(failures_, random_);
}

async::Task<> Courier::wait_for_news(unsigned long appended, unsigned long changed) {
  co_await async::finishes_within(changed_.wait_beyond(changed), gather_for);
  co_await async::finishes_within(either(surroundings_.journal.appended(), appended, changed_, changed), note_every);
}

Milliseconds Courier::until_next_try() const {
  const Milliseconds left = status_.next_try_at.value_or(TimePoint{}) - surroundings_.clock.now();
  return left <= longest_back_off ? left : Milliseconds{0};  // beyond it the clock was set back
}

}  // namespace berth::core
