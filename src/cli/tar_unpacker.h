// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/http_client.h"

namespace berth::cli {

struct UnpackRequest {
  std::filesystem::path folder;  // must exist; nothing outside of it is touched
  std::string expected;          // the only name allowed at the top of the archive; empty: any
  std::string renamed;           // what that name becomes here
};

struct Unpacked {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;    // of content
  std::uint64_t skipped = 0;  // devices and the like
};

// Unpacks a tar that a hostile program may have made: names with "..", absolute names, other names at the top and
// writing through links are Error{instance_fault}. Files are replaced in one step, owners stay ours, and set-id bits
// are dropped. `source` is read to its end.
Unpacked unpack_tar(const BodySource& source, const UnpackRequest& request);

}  // namespace berth::cli
