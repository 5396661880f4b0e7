// SPDX-License-Identifier: Apache-2.0
#include "warden/image_import.h"

#include "warden/system_error.h"

namespace berth::warden {

wire::ImageStatus import_tar(const Descriptor&, const path&, const ImportLimits&, const ReportProgress&) {
  throw Error(ErrorKind::unavailable, "importing a tar is not there yet");
}

wire::ImageStatus import_oci(const Descriptor&, const path&, const ImportLimits&, const ReportProgress&) {
  throw Error(ErrorKind::unavailable, "importing an OCI image is not there yet");
}

}  // namespace berth::warden
