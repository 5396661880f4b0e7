// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netlink/netlink.h>
#include <netlink/route/link.h>

#include <memory>
#include <string>

#include "warden/address_block.h"

namespace berth::warden {

// What is asked of the kernel's network configuration, for those who make links. Failures are Error{unavailable}.

template <class Object, void (*release)(Object*)>
struct Release {
  void operator()(Object* object) const { release(object); }
};
using NetlinkSocket = std::unique_ptr<nl_sock, Release<nl_sock, nl_socket_free>>;
using NetlinkLink = std::unique_ptr<rtnl_link, Release<rtnl_link, rtnl_link_put>>;

// Throws when the result is an error of libnl.
void must(int result, const char* doing);
// In the network namespace of the calling thread.
NetlinkSocket connect_netlink();
int index_of(const char* name);
// With the length of the network it is in: 32 for none.
void add_address(const NetlinkSocket& socket, int index, Address address, int bits, int scope);
void bring_up(const NetlinkSocket& socket, int index);
// One that is not there is no fault.
void remove_link(const NetlinkSocket& socket, const std::string& name);
// Adds a veth pair, whose ends this has named; `name` is that of the end here. A leftover of that name is replaced.
void add_pair(const NetlinkSocket& socket, const NetlinkLink& pair, const std::string& name);

}  // namespace berth::warden
