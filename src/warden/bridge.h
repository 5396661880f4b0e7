// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/descriptor.h"
#include "warden/address_block.h"

namespace berth::warden {

// The way between the machines of one private network: a bridge in a network namespace in which there is nothing else,
// and a veth pair from there to each machine, made in both places at once (moving one would take 100 times as long).

// Makes the bridge in the thread's network namespace. It keeps no table of who is where, which machines could fill.
void make_bridge();

// Links the machine to the bridge in `hub`: "lan0" with `address` inside. A leftover of the same `index` is replaced.
void make_bridge_link(const Descriptor& hub, std::uint32_t index, Address address, const Descriptor& machine);

}  // namespace berth::warden
