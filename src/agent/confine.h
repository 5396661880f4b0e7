// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/descriptor.h"

namespace berth::agent {

// Puts this process, and all it will start, behind the filter of system calls in the file, and gives up for them the
// capability that doing so takes (CAP_SYS_ADMIN). Throws Error{internal}, and then nothing may be started.
void confine(const Descriptor& filter);

}  // namespace berth::agent
