// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "warden/files.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// Copies the one image of the OCI layout (image-spec 1.0, image-layout.md) in the open folder `from` to a new layout
// `to`, as the image "image" there, and returns its command, environment, directory and user, of bounded length. A
// stranger owns `from`: no name is followed out of it, and what was read once is not read again. Digests are not
// checked here. Throws Error{invalid_argument}: it has not exactly one image, or is not what the specification says;
// Error{too_large}: it has more than `most` bytes.
wire::ImageStatus copy_oci_layout(const Descriptor& from, const path& to, Bytes most);

}  // namespace berth::warden
