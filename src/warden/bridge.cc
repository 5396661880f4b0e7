// SPDX-License-Identifier: Apache-2.0
#include "warden/bridge.h"

#include <linux/if_link.h>
#include <netlink/msg.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>

#include <filesystem>

#include "warden/files.h"
#include "warden/netlink.h"
#include "warden/network_namespace.h"

namespace berth::warden {
namespace {

constexpr const char* bridge_name = "lan";
constexpr const char* name_inside = "lan0";
constexpr int network_bits = 24;

using NetlinkHardwareAddress = std::unique_ptr<nl_addr, Release<nl_addr, nl_addr_put>>;

// In a new namespace, so that its links begin without.
void forbid_ipv6() {
  for (const char* which : {"all", "default"}) {
    const path setting = path("/proc/sys/net/ipv6/conf") / which / "disable_ipv6";
    if (std::filesystem::exists(setting)) {
      write_to(setting, "1");
    }
  }
}

// libnl has no words for what a bridge remembers. The socket takes the message over.
nl_msg* bridge_request() {
  nl_msg* message = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  ifinfomsg link{};
  nlmsg_append(message, &link, sizeof link, NLMSG_ALIGNTO);
  nla_put_string(message, IFLA_IFNAME, bridge_name);
  nlattr* info = nla_nest_start(message, IFLA_LINKINFO);
  nla_put_string(message, IFLA_INFO_KIND, "bridge");
  nlattr* settings = nla_nest_start(message, IFLA_INFO_DATA);
  nla_put_u32(message, IFLA_BR_AGEING_TIME, 0);
  nla_put_u8(message, IFLA_BR_MCAST_SNOOPING, 0);
  nla_nest_end(message, settings);
  nla_nest_end(message, info);
  return message;
}

// The same at every start of the machine at this address, whom the others remember by it for a while.
NetlinkHardwareAddress hardware_address(Address address) {
  const unsigned char bytes[] = {0x02,
                                 0x00,
                                 static_cast<unsigned char>(address >> 24),
                                 static_cast<unsigned char>(address >> 16),
                                 static_cast<unsigned char>(address >> 8),
                                 static_cast<unsigned char>(address)};
  return NetlinkHardwareAddress(nl_addr_build(AF_LLC, bytes, sizeof bytes));
}

}  // namespace

void make_bridge() {
  forbid_ipv6();
  const NetlinkSocket socket = connect_netlink();
  must(nl_send_sync(socket.get(), bridge_request()), "make a private network");
  bring_up(socket, index_of(bridge_name));
}

void make_bridge_link(const Descriptor& hub, std::uint32_t index, Address address, const Descriptor& machine) {
  in_network_namespace(hub, [&] {
    const NetlinkSocket socket = connect_netlink();
    const std::string name = "m" + std::to_string(index);
    const NetlinkLink pair(rtnl_link_veth_alloc());
    rtnl_link_set_master(pair.get(), index_of(bridge_name));
    const NetlinkLink peer(rtnl_link_veth_get_peer(pair.get()));
    rtnl_link_set_name(peer.get(), name_inside);
    rtnl_link_set_ns_fd(peer.get(), machine.get());
    const NetlinkHardwareAddress hardware = hardware_address(address);
    rtnl_link_set_addr(peer.get(), hardware.get());
    add_pair(socket, pair, name);
    bring_up(socket, index_of(name.c_str()));
  });
  in_network_namespace(machine, [&] {
    // A new namespace begins with the host's setting: a machine with egress must not be its neighbours' way out.
    write_to("/proc/sys/net/ipv4/ip_forward", "0");
    const NetlinkSocket socket = connect_netlink();
    const int inside = index_of(name_inside);
    add_address(socket, inside, address, network_bits, RT_SCOPE_UNIVERSE);
    bring_up(socket, inside);
  });
}

}  // namespace berth::warden
