// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace berth::warden {

// The inner program "unpack-oci <layout> <bundle>": becomes umoci, which unpacks the image "image" of the OCI layout in
// the folder <layout> to the folder <bundle>, without a network and with the capabilities that unpacking needs.
void unpack_oci_main(const std::vector<std::string>& words);

}  // namespace berth::warden
