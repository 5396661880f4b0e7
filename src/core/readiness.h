// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/agent_link.h"
#include "core/launch.h"

namespace berth::core {

inline constexpr Seconds ready_limit{20};  // for a service to listen

// Waits until the service of an instance listens on its port (not at all when it has none). Throws
// Error{instance_fault} when the service ends before that, or does not listen within `limit`.
async::Task<> wait_until_ready(std::shared_ptr<AgentLink> link, Launch launch, Milliseconds limit);

}  // namespace berth::core
