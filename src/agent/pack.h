// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace berth::agent {

// A pax archive of `path` (followed if it is a link) and all below it (nothing followed) on standard output, with names
// relative to its parent. Sockets, fifos, devices and the contents of /proc, /sys and the like are left out. What
// cannot be read is left out too, and makes the whole an Error in the end.
void pack(const std::string& path);

}  // namespace berth::agent
