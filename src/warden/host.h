// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/descriptor.h"
#include "warden/address_block.h"
#include "warden/cgroup.h"
#include "warden/config.h"
#include "warden/layout.h"
#include "warden/oci_runtime.h"
#include "warden/user_namespace.h"

namespace berth::warden {

// What of this host every instance is made with. Made once, then only read.
struct Host {
  explicit Host(Config wanted);

  Config config;
  Layout layout;
  OciRuntime runtime;
  Cgroups cgroups;
  AddressBlock addresses;
  Descriptor seccomp_filter;
  Descriptor bare_mounts;  // a mount namespace without the instances'; see enter_mounts()

  // How many instances there can be: each needs a uid range and an address.
  std::uint32_t most_instances() const;
};

// Moves this thread, and those it starts later, to the mount namespace where the instances' disks are, and makes the
// one where the OCI runtime works.
void enter_mounts(Host& host);
// Makes the folders. Throws one sentence that says what to do about what is missing.
void make_folders(const Host& host);
// The same for root, the agent's binary and the runtime.
void check_programs(const Host& host);
// The same for the kernel, in the warden's mount namespace.
void check_kernel(const Host& host);

}  // namespace berth::warden
