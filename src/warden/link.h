// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "warden/address_block.h"

namespace berth::warden {

// The routed link between the host and one instance: a veth pair whose far end is made in the instance's network
// namespace (moving it there would take 100 times as long). It goes with that namespace; nobody deletes it.

// The host's address on every such link; each instance's default route.
inline constexpr Address gateway = 0xa9fe0101;  // 169.254.1.1

// Makes the link `name` here and "eth0" with `address` inside. A leftover of that name is replaced.
void make_link(const std::string& name, Address address, const Descriptor& network);

struct Traffic {
  std::uint64_t received = 0;  // by the instance
  std::uint64_t sent = 0;
};
// Since the link was made; zeros if there is none.
Traffic link_traffic(const std::string& name);

// Deletes every link whose name begins so.
void remove_links(const std::string& prefix);

}  // namespace berth::warden
