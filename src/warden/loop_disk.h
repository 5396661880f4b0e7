// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "warden/files.h"

namespace berth::warden {

// Makes the sparse ext4 file `image` of this size, as a copy of a formatted template in `templates`. False if it
// exists.
bool make_loop_image(const path& image, Bytes size, const path& templates);

// Mounts it through a loop device that frees itself on unmount. Waits a little for an older mount of the same file to
// end: two at once would destroy it. Throws Error{conflict} if it does not end.
void mount_loop(const path& image, const path& folder);

}  // namespace berth::warden
