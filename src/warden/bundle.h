// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "warden/files.h"
#include "warden/user_namespace.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// What an instance's OCI configuration is made of. Only `spec` and `image` come from outside, and no part of them
// names a path of the host.
struct BundleParts {
  std::string cgroup;  // "/berth/<id>"
  path root;           // of the mounted file system
  path agent;          // its binary on the host
  UidRange owner;
  wire::InstanceSpec spec;
  wire::ImageStatus image;
  bool swap_accounting = false;  // the kernel can limit memory and swap together
};

// The configuration of the OCI runtime specification 1.0.2 (config.json) for an instance.
boost::json::object make_bundle(const BundleParts& parts);

}  // namespace berth::warden
