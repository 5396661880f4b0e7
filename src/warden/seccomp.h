// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>

namespace berth::warden {

// The system calls an instance may use: an allowlist in the form of the OCI runtime specification, equal in effect to
// the default profile of the Docker engine (moby/profiles, profiles/seccomp/default.json) for a container without
// extra capabilities. Everything else fails with EPERM; clone3 with ENOSYS, so that C libraries fall back to clone.
boost::json::object seccomp_profile();

}  // namespace berth::warden
