// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/secret.h"
#include "core/event.h"

namespace berth::core {

using WebhookId = Id<struct WebhookTag>;

// An address to which events are sent, signed.
struct Webhook {
  WebhookId id;
  std::string url;
  std::vector<EventType> types;  // only these; empty: all
  // "whsec_" and the key in base64. It signs, so it is kept as it is.
  Secret secret;
  std::optional<Secret> earlier_secret;  // signs, too, for a while
  std::optional<TimePoint> earlier_until;
  bool enabled = true;
  std::optional<std::string> reason;  // why it is not
  TimePoint created_at;
  std::uint64_t delivered_through = 0;  // what has this sequence or a lower one is done with
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;  // could not be delivered in time
  std::uint64_t missed = 0;   // of all types: no longer there when their turn came
};

}  // namespace berth::core
