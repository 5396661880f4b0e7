// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "warden/check_order.h"
#include "warden/layout.h"
#include "warden/packet.h"
#include "warden/user_namespace.h"

namespace berth::warden {

// Makes the folders that every check's root has beside those of its image.
void make_check_folders(const Layout& layout);

// In a mount namespace of the caller's own: makes the file system an outside check sees, and makes it the root. The
// image's files, which nobody may change; /proc of the caller's process namespace; an empty /tmp; a few devices; the
// live file systems of the instance (`machines[0]`, pidfds) at /machine and of further ones at /machines/NAME, all of
// them read-only.
void enter_check_root(const Layout& layout, const CheckOrder& order, const Descriptor& user_namespace,
                      const std::vector<Descriptor>& machines);

}  // namespace berth::warden
