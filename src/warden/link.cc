// SPDX-License-Identifier: Apache-2.0
#include "warden/link.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>

#include <memory>
#include <vector>

#include "warden/files.h"
#include "warden/network_namespace.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr const char* name_inside = "eth0";

template <class Object, void (*release)(Object*)>
struct Release {
  void operator()(Object* object) const { release(object); }
};
using Socket = std::unique_ptr<nl_sock, Release<nl_sock, nl_socket_free>>;
using Link = std::unique_ptr<rtnl_link, Release<rtnl_link, rtnl_link_put>>;
using LinkAddress = std::unique_ptr<rtnl_addr, Release<rtnl_addr, rtnl_addr_put>>;
using Route = std::unique_ptr<rtnl_route, Release<rtnl_route, rtnl_route_put>>;
using NetlinkAddress = std::unique_ptr<nl_addr, Release<nl_addr, nl_addr_put>>;

void must(int result, const char* doing) {
  if (result < 0) {
    throw Error(ErrorKind::unavailable, std::string("cannot ") + doing + ": " + nl_geterror(result));
  }
}

// In the network namespace of the calling thread.
Socket connect_netlink() {
  Socket socket(nl_socket_alloc());
  must(nl_connect(socket.get(), NETLINK_ROUTE), "reach the kernel's network configuration");
  return socket;
}

NetlinkAddress single(Address address) {
  const std::uint32_t bytes = htonl(address);
  NetlinkAddress made(nl_addr_build(AF_INET, &bytes, sizeof bytes));
  nl_addr_set_prefixlen(made.get(), 32);
  return made;
}

int index_of(const char* name) {
  const unsigned index = ::if_nametoindex(name);
  if (index == 0) {
    throw_errno("find a link");
  }
  return static_cast<int>(index);
}

void add_address(const Socket& socket, int index, Address address, int scope) {
  const LinkAddress made(rtnl_addr_alloc());
  const NetlinkAddress local = single(address);
  rtnl_addr_set_ifindex(made.get(), index);
  must(rtnl_addr_set_local(made.get(), local.get()), "give a link an address");
  rtnl_addr_set_scope(made.get(), scope);
  must(rtnl_addr_add(socket.get(), made.get(), 0), "give a link an address");
}

// To one address directly on the link; or, with a gateway, to everything.
void add_route(const Socket& socket, int index, Address to, bool everything) {
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

void bring_up(const Socket& socket, int index) {
  const Link before(rtnl_link_alloc());
  rtnl_link_set_ifindex(before.get(), index);
  const Link after(rtnl_link_alloc());
  rtnl_link_set_flags(after.get(), IFF_UP);
  must(rtnl_link_change(socket.get(), before.get(), after.get(), 0), "bring a link up");
}

int add_pair(const Socket& socket, const std::string& name, const Descriptor& network) {
  const Link link(rtnl_link_veth_alloc());
  rtnl_link_set_name(link.get(), name.c_str());
  const Link peer(rtnl_link_veth_get_peer(link.get()));
  rtnl_link_set_name(peer.get(), name_inside);
  rtnl_link_set_ns_fd(peer.get(), network.get());
  return rtnl_link_add(socket.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL);
}

void remove_link(const Socket& socket, const std::string& name) {
  const Link link(rtnl_link_alloc());
  rtnl_link_set_name(link.get(), name.c_str());
  const int result = rtnl_link_delete(socket.get(), link.get());
  if (result != -NLE_NODEV && result != -NLE_OBJ_NOTFOUND) {
    must(result, "remove a link");
  }
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
  const Socket here = connect_netlink();
  int result = add_pair(here, name, network);
  if (result == -NLE_EXIST) {
    remove_link(here, name);  // of a run before, whose network namespace somebody still holds
    result = add_pair(here, name, network);
  }
  must(result, "make a link");
  in_network_namespace(network, [&] {
    const Socket inside = connect_netlink();
    const int index = index_of(name_inside);
    add_address(inside, index, address, RT_SCOPE_UNIVERSE);
    bring_up(inside, index);
    add_route(inside, index, gateway, false);
    add_route(inside, index, gateway, true);
  });
  set_up_host_side(name);
  const int index = index_of(name.c_str());
  bring_up(here, index);
  add_address(here, index, gateway, RT_SCOPE_LINK);
  add_route(here, index, address, false);
}

Traffic link_traffic(const std::string& name) {
  const Socket socket = connect_netlink();
  rtnl_link* found = nullptr;
  if (rtnl_link_get_kernel(socket.get(), 0, name.c_str(), &found) < 0) {
    return {};
  }
  const Link link(found);
  return {.received = rtnl_link_get_stat(found, RTNL_LINK_TX_BYTES),
          .sent = rtnl_link_get_stat(found, RTNL_LINK_RX_BYTES)};
}

void remove_links(const std::string& prefix) {
  const Socket socket = connect_netlink();
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
