// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace berth::agent {

// The first `limit` bytes of a regular file; empty if it cannot be read. Never waits on a fifo or a device that the
// instance's root put in its place.
std::string read_small_file(const char* path, std::size_t limit);

}  // namespace berth::agent
