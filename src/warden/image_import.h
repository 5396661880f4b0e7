// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "warden/files.h"
#include "warden/reporting_program.h"
#include "warden/unpack_tar.h"

namespace berth::warden {

// Unpacks a tar (any usual compression) from the regular file `source`, or the one image of the OCI layout in the
// folder `source`, to `folder`/rootfs. All of it is hostile. Throws Error{invalid_argument} or Error{too_large}.
wire::ImageStatus import_tar(const Descriptor& source, const path& folder, const UnpackLimits& limits,
                             const ReportProgress& report);
wire::ImageStatus import_oci(const Descriptor& source, const path& folder, const UnpackLimits& limits,
                             const ReportProgress& report);

// Removes devices, pipes and sockets from an unpacked tree, and returns the space the rest takes.
Bytes tidy_tree(const path& tree);

}  // namespace berth::warden
