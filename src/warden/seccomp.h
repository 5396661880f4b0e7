// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/descriptor.h"

namespace berth::warden {

// The system calls an instance and a check may use, as prctl(PR_SET_SECCOMP) takes them: an allowlist equal in effect
// to the default profile of the Docker engine (moby/profiles, profiles/seccomp/default.json) for a container without
// extra capabilities. Everything else fails with EPERM; clone3, and what is newer than the list, with ENOSYS, so that
// C libraries fall back. Making it takes some 10 ms.
std::vector<sock_filter> seccomp_filter();

// The same in a sealed file in memory, to be handed to the agent (wire::agent_filter_descriptor).
Descriptor seccomp_filter_file();

}  // namespace berth::warden
