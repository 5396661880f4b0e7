// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>

#include "wire/agent_protocol.h"

namespace berth::agent {

struct EndedChild {
  pid_t process = 0;
  wire::SessionExit exit;
};

// Takes the next child that has ended, orphans included.
std::optional<EndedChild> reap();
bool has_children();

// Without being process 1, gets the orphans of its descendants all the same.
void adopt_orphans();

}  // namespace berth::agent
