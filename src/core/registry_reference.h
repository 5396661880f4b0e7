// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace berth::core {

// The checked form of "docker://[host[:port]/]name[:tag][@sha256:digest]". It can be given to skopeo as one word.
struct RegistryReference {
  std::string text;      // with docker://
  std::string registry;  // host or host:port; docker.io if none was named
};

// Throws Error{invalid_argument} for any other transport or a character out of place.
RegistryReference parse_reference(std::string_view text);

}  // namespace berth::core
