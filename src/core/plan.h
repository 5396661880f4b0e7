// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "core/recording_policy.h"
#include "wire/warden_protocol.h"

namespace berth::core {

using wire::DiskKind;
using wire::Egress;

// Resources, limits, egress and lifetime of an instance. An instance keeps the plan as it was when it was created.
struct Plan {
  std::string name;
  std::string description;
  std::uint32_t cpu_percent = 100;  // of one core
  Bytes memory = 256_MiB;
  Bytes disk = 512_MiB;
  DiskKind disk_kind = DiskKind::memory;
  std::uint32_t processes = 256;
  std::uint32_t open_files = 1024;
  Egress egress = Egress::none;
  std::uint32_t egress_kilobits = 10'000;         // per second, of egress `full`
  bool no_new_privileges = false;                 // setuid programs gain nothing
  Seconds lifetime{3600};                         // of a new lease, and what one extension adds by default
  Seconds longest_lifetime{4 * 3600};             // from the start, with all extensions
  Seconds grace{600};                             // the disk is kept this long after the lease
  std::uint32_t most_per_account = 10;            // instances of one account that are not gone
  bool guests = false;                            // whether guests may use it
  bool ssh = true;                                // whether its instances are reached by SSH
  RecordingKind recording = RecordingKind::none;  // of the terminals of its instances

  bool operator==(const Plan&) const = default;
};
BOOST_DESCRIBE_STRUCT(Plan, (),
                      (name, description, cpu_percent, memory, disk, disk_kind, processes, open_files, egress,
                       egress_kilobits, no_new_privileges, lifetime, longest_lifetime, grace, most_per_account, guests,
                       ssh, recording))

// Small and standard; what a Berth without a configuration offers.
std::vector<Plan> default_plans();

// Every fault of a plan as a sentence, empty when it is sound.
std::vector<std::string> faults_of(const Plan& plan);

}  // namespace berth::core
