// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "warden/files.h"
#include "warden/user_namespace.h"

namespace berth::warden {

// Copies the extended attributes that an image keeps from a file of an instance's layer, with ids of the instance's
// range as 0 to 65535.
void copy_attributes(const path& from, const path& to, UidRange owner);

// security.capability as linux/capability.h has it: one given inside a user namespace names that namespace's root
// (revision 3), one of an image does not (revision 2). None: it is of another namespace, or damaged.
std::optional<std::string> plain_capability(const std::string& value, UidRange owner);
// system.posix_acl_*, as linux/posix_acl_xattr.h has it. None: damaged.
std::optional<std::string> plain_access_list(std::string value, UidRange owner);

}  // namespace berth::warden
