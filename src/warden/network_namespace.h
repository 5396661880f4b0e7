// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/descriptor.h"

namespace berth::warden {

// The network namespace of the process `pid`, which `pidfd` (the same process) proves not to be a later one of that
// number. Throws Error{conflict} if it has ended.
Descriptor open_network_namespace(pid_t pid, const Descriptor& pidfd);

// Runs `work` on a thread that is in the network namespace. Sockets made there stay there.
void in_network_namespace(const Descriptor& network, const std::function<void()>& work);

// A TCP connection to 127.0.0.1:`port` inside. Throws Error{unavailable} when refused, Error{timed_out} after `limit`.
Descriptor connect_inside(const Descriptor& network, std::uint16_t port, Milliseconds limit);

}  // namespace berth::warden
