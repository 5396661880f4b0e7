// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>

#include "async/trigger.h"
#include "core/journal.h"
#include "core/notifier.h"

namespace berth::core {

// How deliveries have gone since berthd started.
struct DeliveryStatus {
  std::optional<TimePoint> delivered_at;   // the last one
  std::optional<TimePoint> failing_since;  // none: the last one went well
  std::optional<std::string> fault;        // of the last one
  std::optional<TimePoint> next_try_at;
};

// The message that tells a webhook of an event.
Message message_of(const Webhook& webhook, std::string id, Event event, TimePoint now);

// Takes the events of one webhook to their address, in order, one at a time, each until it is taken or a day old. What
// is done with is in the store before the next one is sent; cancelled or killed, it sends one of them again. Lives
// until run() has ended.
class Courier {
 public:
  struct Surroundings {
    Journal& journal;
    Notifier& notifier;
    const Clock& clock;
    std::function<void(const std::string&)> log;
  };
  Courier(const Surroundings& surroundings, const async::Executor& executor, WebhookId id);

  // Until the webhook is removed.
  async::Task<> run();
  // Looks at the webhook and at the clock again.
  void look_again() { changed_.fire(); }
  // The next try is now.
  void hurry();
  const DeliveryStatus& status() const { return status_; }

 private:
  struct Turn {
    std::optional<Webhook> webhook;  // none: it is removed
    std::optional<Event> event;      // none: it is disabled, or there is nothing to deliver
  };
  async::Task<bool> step();
  async::Task<Turn> next();
  async::Task<> settle(Event event, Receipt receipt);
  async::Task<> wait_for_news(unsigned long appended, unsigned long changed);
  Milliseconds until_next_try() const;
  void note_failure(const std::string& fault, TimePoint now);
  void note_end(const Event& event, const Receipt& receipt, TimePoint now);
  void log(const std::string& what) const;

  const Surroundings& surroundings_;
  WebhookId id_;
  async::Trigger changed_;
  DeliveryStatus status_;
  int failures_ = 0;          // since the last one that went well
  std::uint64_t passed_ = 0;  // up to here there is nothing for this webhook but what it has
  TimePoint noted_at_;        // when the store last heard of what is not for this webhook
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace berth::core
