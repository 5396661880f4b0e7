// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/runtime.h"

namespace berth::runtimes::local {

// The channel over a connected SOCK_SEQPACKET socket. Descriptors an agent tries to pass are closed.
std::unique_ptr<core::AgentChannel> make_agent_channel(const async::Executor& executor, Descriptor socket);

}  // namespace berth::runtimes::local
