// SPDX-License-Identifier: Apache-2.0
#include "core/events.h"

#include "core/instance_rules.h"

namespace berth::core {

async::Task<std::vector<Event>> Events::list(Caller caller, EventFilter filter) {
  require(caller, Scope::instances_read);
  co_return co_await journal_.transact([&](Transaction& transaction) {
    filter.account = caller.account.id;
    if (filter.instance) {
      filter.account = visible_instance(transaction, caller, *filter.instance).account;
    }
    return transaction.list_events(filter);
  });
}

async::Task<std::uint64_t> Events::last(Caller caller) {
  require(caller, Scope::instances_read);
  co_return co_await journal_.transact([](Transaction& transaction) { return transaction.last_event_sequence(); });
}

}  // namespace berth::core
