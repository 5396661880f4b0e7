// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "warden/files.h"
#include "warden/user_namespace.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// Writes /etc/hostname, /etc/hosts and /etc/resolv.conf into the mounted `root` of an instance in which nothing runs.
// Its folders and links may be hostile: no name is followed out of `root`, and a link in place of a file is replaced.
void write_personal_files(const path& root, const wire::InstanceSpec& spec, const std::vector<std::string>& resolvers,
                          UidRange owner);

}  // namespace berth::warden
