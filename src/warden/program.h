// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "warden/config.h"

namespace berth::warden {

// Serves until SIGTERM or SIGINT, and leaves the instances running. Throws one sentence that says what to do when it
// cannot start.
void run_warden(const Config& config);

// Destroys every instance and everything else in the kernel that carries our name.
void clean_up(const Config& config);

}  // namespace berth::warden
