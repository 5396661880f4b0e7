// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "warden/files.h"
#include "warden/images.h"

namespace berth::warden {

struct ImportLimits {
  Bytes size;
  std::uint64_t files = 0;
};

// Unpacks a tar (any usual compression) from the regular file `source`, or the one image of the OCI layout in the
// folder `source`, to `folder`/rootfs. All of it is hostile. Throws Error{invalid_argument} or Error{too_large}.
wire::ImageStatus import_tar(const Descriptor& source, const path& folder, const ImportLimits& limits,
                             const ReportProgress& report);
wire::ImageStatus import_oci(const Descriptor& source, const path& folder, const ImportLimits& limits,
                             const ReportProgress& report);

}  // namespace berth::warden
