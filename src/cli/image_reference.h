// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace berth::cli {

// What people write for an image in a registry, as the whole reference that the API takes: "alpine:3" is
// docker://docker.io/library/alpine:3, as docker has taught everybody.
std::string full_reference(const std::string& written);

}  // namespace berth::cli
