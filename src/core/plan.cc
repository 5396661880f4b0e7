// SPDX-License-Identifier: Apache-2.0
#include "core/plan.h"

#include "base/ids.h"

namespace berth::core {

std::vector<Plan> default_plans() {
  return {
      Plan{.name = "small", .description = "A quick look around: one core, no network", .guests = false},
      Plan{.name = "standard",
           .description = "Room to work: internet access at a limited rate",
           .cpu_percent = 200,
           .memory = 1_GiB,
           .disk = 4_GiB,
           .disk_kind = DiskKind::disk,
           .processes = 1024,
           .open_files = 4096,
           .egress = Egress::full,
           .lifetime = Seconds{2 * 3600},
           .longest_lifetime = Seconds{24 * 3600},
           .grace = Seconds{3600},
           .most_per_account = 5},
      Plan{.name = "lab",
           .description = "What a lab breaks: one core, no network",
           .memory = 512_MiB,
           .disk = 256_MiB,
           .guests = false},
  };
}

std::vector<std::string> faults_of(const Plan& plan) {
  std::vector<std::string> faults;
  const auto check = [&](bool sound, const std::string& fault) {
    if (!sound) {
      faults.push_back("plan '" + plan.name + "': " + fault);
    }
  };
  check(is_name(plan.name, 32), "its name must be lower-case letters, digits, '.', '_' and '-', at most 32");
  check(plan.cpu_percent >= 1 && plan.cpu_percent <= 100'000, "cpu_percent must be from 1 to 100000");
  check(plan.memory >= 16_MiB, "memory must be at least 16MiB");
  check(plan.disk >= 1_MiB, "disk must be at least 1MiB");
  check(plan.disk_kind == DiskKind::memory || plan.disk >= 16_MiB, "a disk of kind disk must be at least 16MiB");
  check(plan.processes >= 4, "processes must be at least 4");
  check(plan.open_files >= 64, "open_files must be at least 64");
  check(plan.egress_kilobits >= 1, "egress_kilobits must be at least 1");
  check(plan.lifetime >= Seconds{1}, "lifetime must be at least 1s");
  check(plan.longest_lifetime >= plan.lifetime, "longest_lifetime must not be less than lifetime");
  check(plan.most_per_account >= 1, "most_per_account must be at least 1");
  check(plan.recording != RecordingKind::embargoed, "recording must be none, private or public: a plan has no date");
  return faults;
}

}  // namespace berth::core
