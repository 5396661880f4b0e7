// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <boost/json/object.hpp>
#include <vector>

namespace berth::warden {

// The system calls an instance may use: an allowlist in the form of the OCI runtime specification, equal in effect to
// the default profile of the Docker engine (moby/profiles, profiles/seccomp/default.json) for a container without
// extra capabilities. Everything else fails with EPERM; clone3 with ENOSYS, so that C libraries fall back to clone.
boost::json::object seccomp_profile();

// The same for a process of our own, as prctl(PR_SET_SECCOMP) takes it. What is not allowed does not exist (ENOSYS).
std::vector<sock_filter> seccomp_filter();

}  // namespace berth::warden
