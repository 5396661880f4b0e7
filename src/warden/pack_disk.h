// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/descriptor.h"

namespace berth::warden {

// The inner program "pack-disk": writes a tar of the folder that is descriptor 3 (O_PATH) to standard output. It first
// becomes root of the user namespace that is descriptor 4, so that owners are those the instance sees and nothing of
// the host's can be read. The tree is hostile and may change meanwhile: no link is followed, no mount entered.
void pack_disk_main();

// The part of it that walks and writes.
void pack_tree(const Descriptor& root, int output);

}  // namespace berth::warden
