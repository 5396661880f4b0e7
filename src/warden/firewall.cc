// SPDX-License-Identifier: Apache-2.0
#include "warden/firewall.h"

#include <nftables/libnftables.h>

#include <algorithm>
#include <memory>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

// @N the table's name, @B the block of instance addresses, @R the name servers.
constexpr std::string_view fixed_rules = R"(
table inet @N {
  # Where no instance may go: other instances, private and special-purpose networks (RFC 6890).
  set private { type ipv4_addr; flags interval; auto-merge; elements = { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10,
    127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3, @B } }
  set resolvers { type ipv4_addr; @R }
  set own_address { type ifname . ipv4_addr; }
  set with_dns_icmp { type ifname; }
  set with_full { type ifname; }
  map sending { type ifname : limit; }
  map receiving { type ifname : limit; }
  set connections { type ifname; size 131072; flags dynamic; }

  chain arriving {
    type filter hook prerouting priority raw; policy accept;
    iifname "@N-*" jump from_instance
  }
  chain from_instance {
    meta nfproto != ipv4 drop
    iifname . ip saddr != @own_address drop
    fib daddr type local drop
  }
  chain to_host {
    type filter hook input priority filter; policy accept;
    iifname "@N-*" drop
  }
  chain passing {
    type filter hook forward priority filter; policy accept;
    iifname "@N-*" jump outgoing
    oifname "@N-*" jump incoming
  }
  chain outgoing {
    oifname "@N-*" drop
    limit name iifname map @sending drop
    ct state invalid drop
    ct state new add @connections { iifname ct count over 4096 } drop
    iifname @with_full jump addressed
    iifname @with_dns_icmp meta l4proto { tcp, udp } th dport 53 jump addressed
    iifname @with_dns_icmp icmp type echo-request jump addressed
    drop
  }
  chain addressed {
    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    ip daddr @private drop
    accept
  }
  chain incoming {
    ct state != { established, related } drop
    limit name oifname map @receiving drop
    accept
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @B oifname != "@N-*" masquerade
  }
}
)";

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// Not more than a name server needs: such an instance has no other use for it.
constexpr std::uint32_t most_dns_kilobits = 1000;

}  // namespace

Firewall::Firewall(std::string name, AddressBlock network, std::vector<std::string> resolvers)
    : name_(std::move(name)), network_(network), resolvers_(std::move(resolvers)) {}

std::string Firewall::rules() const {
  std::string servers;
  for (const std::string& resolver : resolvers_) {
    servers += (servers.empty() ? "elements = { " : ", ") + resolver;
  }
  std::string rules(fixed_rules);
  replace_all(rules, "@R", servers.empty() ? "" : servers + " }");
  replace_all(rules, "@B", network_.text());
  replace_all(rules, "@N", name_);
  for (const auto& [index, allowance] : allowances_) {
    rules += elements("add", index, allowance);
  }
  return rules;
}

// The commands that add what belongs to one instance, or delete it.
std::string Firewall::elements(const char* verb, std::uint32_t index, const Allowance& allowance) const {
  const bool full = allowance.egress == wire::Egress::full;
  const std::uint32_t kilobits = full ? allowance.kilobits : std::min(allowance.kilobits, most_dns_kilobits);
  const std::uint64_t rate = std::uint64_t{kilobits} * 125;
  const std::string burst = std::to_string(std::max<std::uint64_t>(rate / 4, 64 * 1024));
  const std::string link = "\"" + link_name(index) + "\"";
  const std::string sending = "s" + std::to_string(index);
  const std::string receiving = "r" + std::to_string(index);
  const bool adding = std::string_view(verb) == "add";
  const auto element = [&](const char* set, const std::string& value) {
    return std::string(verb) + " element inet " + name_ + " " + set + " { " + value + " }\n";
  };
  const auto limit = [&](const std::string& name) {
    return std::string(verb) + " limit inet " + name_ + " " + name +
           (adding ? " { rate over " + std::to_string(rate) + " bytes/second burst " + burst + " bytes; }" : "") + "\n";
  };
  const std::string objects = limit(sending) + limit(receiving);
  const std::string members = element("own_address", link + " . " + format_address(allowance.address)) +
                              element(full ? "with_full" : "with_dns_icmp", link) +
                              element("sending", link + (adding ? " : \"" + sending + "\"" : "")) +
                              element("receiving", link + (adding ? " : \"" + receiving + "\"" : ""));
  return adding ? objects + members : members + objects;
}

void Firewall::run(const std::string& commands) const {
  const std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> context(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
  if (!context) {
    throw Error(ErrorKind::unavailable, "cannot reach nftables; the kernel needs nf_tables");
  }
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) != 0) {
    log_line(std::string("nftables refuses: ") + nft_ctx_get_error_buffer(context.get()));
    throw Error(ErrorKind::unavailable, "the firewall cannot be set up; the warden's log says why");
  }
}

void Firewall::install(std::map<std::uint32_t, Allowance> allowances) {
  allowances_ = std::move(allowances);
  run("table inet " + name_ + "\ndelete table inet " + name_ + "\n" + rules());
  installed_ = true;
}

void Firewall::allow(std::uint32_t index, const Allowance& allowance) {
  if (!installed_ || allowances_.contains(index)) {
    auto wanted = allowances_;
    wanted[index] = allowance;
    install(std::move(wanted));
    return;
  }
  run(elements("add", index, allowance));
  allowances_[index] = allowance;
}

void Firewall::forbid(std::uint32_t index) {
  const auto found = allowances_.find(index);
  if (found == allowances_.end()) {
    return;
  }
  const Allowance before = found->second;
  allowances_.erase(found);
  try {
    run(elements("delete", index, before));
  } catch (const Error&) {
    install(allowances_);  // somebody changed our table: put it right as a whole
  }
}

void Firewall::remove() {
  run("table inet " + name_ + "\ndelete table inet " + name_ + "\n");
  installed_ = false;
  allowances_.clear();
}

}  // namespace berth::warden
