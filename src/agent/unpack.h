// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace berth::agent {

// Unpacks the tar archive on standard input below the folder `path`. Throws Error{invalid_argument} naming the first
// entry that is absolute, has "..", is a device, fifo or socket, or would be written through a link; what came before
// it stays. Keeps modes and times; as root also owner numbers (0 where the instance does not have the number). Folders
// that were there keep theirs; files and links are replaced.
void unpack(const std::string& path);

}  // namespace berth::agent
