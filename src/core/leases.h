// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "core/journal.h"
#include "core/reconciler.h"

namespace berth::core {

// How an instance begins, for every use case that makes one: a ready one from a pool at once, else through the queue.
// Lives as long as the server; cancelling stops the waiting, not the instance.
class Leases {
 public:
  // What must hold, in the transaction that stores it; an earlier instance that answers the request instead.
  using Check = std::function<std::optional<Instance>(Transaction&, const Instance&)>;

  Leases(Journal& journal, Reconciler& reconciler, const Clock& clock)
      : journal_(journal), reconciler_(reconciler), clock_(clock) {}

  // Stores the draft with an id and, when it has none, a name: running, or queued. Throws what `check` throws.
  async::Task<Instance> begin(Instance draft, Check check);
  // The instance when it is neither queued nor starting, or after `limit`. Throws Error{not_found}.
  async::Task<Instance> started(InstanceId id, Milliseconds limit);

 private:
  async::Task<Instance> store(Instance draft, const Check& check, bool ready, Admission& admission);

  Journal& journal_;
  Reconciler& reconciler_;
  const Clock& clock_;
  std::size_t under_way_ = 0;  // being stored
};

}  // namespace berth::core
