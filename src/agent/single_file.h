// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace berth::agent {

// The bytes of the regular file `path` to standard output. Throws Error.
void read_file(const std::string& path);

// Standard input to the file `path`, replaced in one step when all of it has arrived. It keeps the mode and owner of a
// regular file that was there; a link is replaced, not followed. Throws Error, and leaves what was there.
void write_file(const std::string& path);

}  // namespace berth::agent
