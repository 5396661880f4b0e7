// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace berth::warden {

// The inner program "unpack-tar <most bytes> <most files>": unpacks the tar on standard input (of any usual
// compression) into the folder that is descriptor 3, from within it: chrooted, without network, with five capabilities.
void unpack_tar_main(const std::vector<std::string>& words);

struct UnpackLimits {
  Bytes size;
  std::uint64_t files = 0;
};

// Unpacks the tar readable at `descriptor` into the current directory, reporting on standard output. Throws
// Error{invalid_argument} for "..", absolute names, devices outside dev/ and writes through links, Error{too_large}.
void unpack_tar(int descriptor, const UnpackLimits& limits);

// The name in the tree of an entry's name: without "./" and doubled slashes; empty for the top itself. Throws
// Error{invalid_argument} for an absolute name or one with "..".
std::string plain_name(const std::string& name);

}  // namespace berth::warden
