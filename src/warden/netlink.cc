// SPDX-License-Identifier: Apache-2.0
#include "warden/netlink.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netlink/route/addr.h>

#include "warden/system_error.h"

namespace berth::warden {

void must(int result, const char* doing) {
  if (result < 0) {
    throw Error(ErrorKind::unavailable, std::string("cannot ") + doing + ": " + nl_geterror(result));
  }
}

NetlinkSocket connect_netlink() {
  NetlinkSocket socket(nl_socket_alloc());
  must(nl_connect(socket.get(), NETLINK_ROUTE), "reach the kernel's network configuration");
  return socket;
}

int index_of(const char* name) {
  const unsigned index = ::if_nametoindex(name);
  if (index == 0) {
    throw_errno("find a link");
  }
  return static_cast<int>(index);
}

void add_address(const NetlinkSocket& socket, int index, Address address, int bits, int scope) {
  const std::unique_ptr<rtnl_addr, Release<rtnl_addr, rtnl_addr_put>> made(rtnl_addr_alloc());
  const std::uint32_t bytes = htonl(address);
  const std::unique_ptr<nl_addr, Release<nl_addr, nl_addr_put>> local(nl_addr_build(AF_INET, &bytes, sizeof bytes));
  nl_addr_set_prefixlen(local.get(), bits);
  rtnl_addr_set_ifindex(made.get(), index);
  must(rtnl_addr_set_local(made.get(), local.get()), "give a link an address");
  rtnl_addr_set_scope(made.get(), scope);
  must(rtnl_addr_add(socket.get(), made.get(), 0), "give a link an address");
}

void bring_up(const NetlinkSocket& socket, int index) {
  const NetlinkLink before(rtnl_link_alloc());
  rtnl_link_set_ifindex(before.get(), index);
  const NetlinkLink after(rtnl_link_alloc());
  rtnl_link_set_flags(after.get(), IFF_UP);
  must(rtnl_link_change(socket.get(), before.get(), after.get(), 0), "bring a link up");
}

void remove_link(const NetlinkSocket& socket, const std::string& name) {
  const NetlinkLink link(rtnl_link_alloc());
  rtnl_link_set_name(link.get(), name.c_str());
  const int result = rtnl_link_delete(socket.get(), link.get());
  if (result != -NLE_NODEV && result != -NLE_OBJ_NOTFOUND) {
    must(result, "remove a link");
  }
}

void add_pair(const NetlinkSocket& socket, const NetlinkLink& pair, const std::string& name) {
  rtnl_link_set_name(pair.get(), name.c_str());
  int result = rtnl_link_add(socket.get(), pair.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (result == -NLE_EXIST) {
    remove_link(socket, name);  // of a run before, whose network namespace somebody still holds
    result = rtnl_link_add(socket.get(), pair.get(), NLM_F_CREATE | NLM_F_EXCL);
  }
  must(result, "make a link");
}

}  // namespace berth::warden
