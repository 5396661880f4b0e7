// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "warden/files.h"
#include "warden/unpack_tar.h"
#include "warden/user_namespace.h"

namespace berth::warden {

// Copies the writable layer of an instance, in which nothing changes meanwhile, into the folder `layer` of an image,
// and returns the space it takes. The layer is stored with the owners of the instance's range; the copy has 0 to 65535,
// as images do, also in capabilities and access lists. What hides files of the layers below (whiteouts, opaque folders)
// goes along. Throws Error{too_large}.
Bytes copy_layer(const path& upper, const path& layer, UidRange owner, const UnpackLimits& limits);

}  // namespace berth::warden
