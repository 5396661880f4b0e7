// SPDX-License-Identifier: Apache-2.0
#include "core/service.h"

#include <limits>

#include "core/store.h"

namespace berth::core {

Plan plan_of(const Service& service, const Plan& plan) {
  Plan changed = plan;
  changed.lifetime = service.total_limit;
  changed.longest_lifetime = service.total_limit;
  changed.grace = Seconds{0};
  changed.most_per_account = std::numeric_limits<std::uint32_t>::max();
  return changed;
}

AccountId account_of_service(const std::string& name) { return AccountId("service." + name); }

void put_account_of(Transaction& transaction, const std::string& service, TimePoint now) {
  const AccountId id = account_of_service(service);
  if (!transaction.find_account(id)) {
    transaction.put_account({.id = id, .name = "service " + service, .role = Role::member, .created_at = now});
  }
}

}  // namespace berth::core
