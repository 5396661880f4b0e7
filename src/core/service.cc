// SPDX-License-Identifier: Apache-2.0
#include "core/service.h"

#include <limits>

namespace berth::core {

Plan plan_of(const Service& service, const Plan& plan) {
  Plan changed = plan;
  changed.lifetime = service.total_limit;
  changed.longest_lifetime = service.total_limit;
  changed.grace = Seconds{0};
  changed.most_per_account = std::numeric_limits<std::uint32_t>::max();
  return changed;
}

std::vector<std::string> faults_of(const Service& service) {
  std::vector<std::string> faults;
  const auto fault = [&](const std::string& what) { faults.push_back("service '" + service.name + "' " + what); };
  if (!is_name(service.name, 32)) {
    fault("needs a name of lower-case letters, digits and dashes, at most 32 characters");
  }
  if (!is_name(service.image)) {
    fault("needs an image");
  }
  if (service.launch.port == 0) {
    fault("needs the port its program listens on inside");
  }
  if (service.idle_limit < Seconds{1} || service.total_limit < service.idle_limit) {
    fault("needs 1s <= idle_limit <= total_limit");
  }
  if (service.max_instances == 0 || service.most_ready < service.least_ready) {
    fault("needs max_instances >= 1 and least_ready <= most_ready");
  }
  return faults;
}

}  // namespace berth::core
