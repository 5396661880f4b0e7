// SPDX-License-Identifier: Apache-2.0
#include "warden/link.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>

#include <memory>
#include <vector>

#include "warden/files.h"
#include "warden/netlink.h"
#include "warden/network_namespace.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr const char* name_inside = "eth0";

using Route = std::unique_ptr<rtnl_route, Release<rtnl_route, rtnl_route_put>>;
using NetlinkAddress = std::unique_ptr<nl_addr, Release<nl_addr, nl_addr_put>>;

NetlinkAddress single(Address address) {
  const std::uint32_t bytes = htonl(address);
  NetlinkAddress made(nl_addr_build(AF_INET, &bytes, sizeof bytes));
  nl_addr_set_prefixlen(made.get(), 32);
  return made;
}

// To one address directly on the link; or, with a gateway, to everything.
void add_route(const NetlinkSocket& socket, int index, Address to, bool everything) {
  const Route route(rtnl_route_alloc());
  NetlinkAddress destination = single(everything ? 0 : to);
  nl_addr_set_prefixlen(destination.get(), everything ? 0 : 32);
  must(rtnl_route_set_dst(route.get(), destination.get()), "add a route");
  rtnl_route_set_scope(route.get(), everything ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
  rtnl_nexthop* hop = rtnl_route_nh_alloc();
  rtnl_route_nh_set_ifindex(hop, index);
  if (everything) {
    const NetlinkAddress through = single(to);
    rtnl_route_nh_set_gateway(hop, through.get());
  }
  rtnl_route_add_nexthop(route.get(), hop);  // which now belongs to the route
  must(rtnl_route_add(socket.get(), route.get(), 0), "add a route");
}

// Only IPv4 is routed, only for this link, and only from where the kernel would answer to.
void set_up_host_side(const std::string& name) {
  const path settings = path("/proc/sys/net/ipv4/conf") / name;
  write_to(settings / "forwarding", "1");
  write_to(settings / "rp_filter", "1");
  write_to(settings / "send_redirects", "0");
  write_to(settings / "accept_redirects", "0");
  const path without_ipv6 = path("/proc/sys/net/ipv6/conf") / name / "disable_ipv6";
  if (std::filesystem::exists(without_ipv6)) {
    write_to(without_ipv6, "1");
  }
}

}  // namespace

void make_link(const std::string& name, Address address, const Descriptor& network) {
  const NetlinkSocket here = connect_netlink();
  const NetlinkLink pair(rtnl_link_veth_alloc());
  const NetlinkLink peer(rtnl_link_veth_get_peer(pair.get()));
  rtnl_link_set_name(peer.get(), name_inside);
  rtnl_link_set_ns_fd(peer.get(), network.get());
  add_pair(here, pair, name);
  in_network_namespace(network, [&] {
    const NetlinkSocket inside = connect_netlink();
    const int index = index_of(name_inside);
    add_address(inside, index, address, 32, RT_SCOPE_UNIVERSE);
    bring_up(inside, index);
    add_route(inside, index, gateway, false);
    add_route(inside, index, gateway, true);
  });
  set_up_host_side(name);
  const int index = index_of(name.c_str());
  bring_up(here, index);
  add_address(here, index, gateway, 32, RT_SCOPE_LINK);
  add_route(here, index, address, false);
}

Traffic link_traffic(const std::string& name) {
  const NetlinkSocket socket = connect_netlink();
  rtnl_link* found = nullptr;
  if (rtnl_link_get_kernel(socket.get(), 0, name.c_str(), &found) < 0) {
    return {};
  }
  const NetlinkLink link(found);
  return {.received = rtnl_link_get_stat(found, RTNL_LINK_TX_BYTES),
          .sent = rtnl_link_get_stat(found, RTNL_LINK_RX_BYTES)};
}

void remove_links(const std::string& prefix) {
  const NetlinkSocket socket = connect_netlink();
  std::vector<std::string> names;
  struct if_nameindex* all = ::if_nameindex();
  for (const struct if_nameindex* entry = all; entry != nullptr && entry->if_index != 0; ++entry) {
    if (std::string_view(entry->if_name).starts_with(prefix)) {
      names.emplace_back(entry->if_name);
    }
  }
  ::if_freenameindex(all);
  for (const std::string& name : names) {
    remove_link(socket, name);
  }
}

}  // namespace berth::warden
