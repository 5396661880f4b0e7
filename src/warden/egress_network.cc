// SPDX-License-Identifier: Apache-2.0
#include "warden/egress_network.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

const path ipv4_settings = "/proc/sys/net/ipv4/conf";

// The links with a default route: lines of /proc/net/route whose destination and mask are zero.
std::set<std::string> uplinks() {
  std::set<std::string> names;
  std::istringstream table(read_file("/proc/thread-self/net/route"));
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string name, destination, gateway_field, flags, references, use, metric, mask;
    fields >> name >> destination >> gateway_field >> flags >> references >> use >> metric >> mask;
    if (destination == "00000000" && mask == "00000000") {
      names.insert(name);
    }
  }
  return names;
}

bool has_egress(const InstanceRecord& record) { return record.spec.egress != wire::Egress::none; }

}  // namespace

EgressNetwork::EgressNetwork(const Host& host)
    : host_(host), firewall_(host.config.name, host.addresses, host.config.resolvers) {}

Allowance EgressNetwork::allowance_of(const InstanceRecord& record) const {
  return {.address = host_.addresses.at(record.index),
          .egress = record.spec.egress,
          .kilobits = record.spec.egress_kilobits};
}

void EgressNetwork::connect(const InstanceRecord& record, const Descriptor& network) {
  if (!has_egress(record)) {
    return;
  }
  if (record.index >= host_.addresses.size()) {
    throw Error(ErrorKind::exhausted, "the --network of this host has become too small for this instance");
  }
  const std::lock_guard lock(mutex_);
  forward_uplinks();
  // The rules first: the link's name decides, and there is never a link without them.
  firewall_.allow(record.index, allowance_of(record));
  make_link(firewall_.link_name(record.index), host_.addresses.at(record.index), network);
}

void EgressNetwork::disconnect(const InstanceRecord& record) {
  if (has_egress(record)) {
    const std::lock_guard lock(mutex_);
    firewall_.forbid(record.index);
  }
}

void EgressNetwork::adopt(const std::vector<InstanceRecord>& running) {
  std::map<std::uint32_t, Allowance> allowances;
  for (const InstanceRecord& record : running) {
    if (has_egress(record) && record.index < host_.addresses.size()) {
      allowances[record.index] = allowance_of(record);
    }
  }
  if (!allowances.empty()) {
    const std::lock_guard lock(mutex_);
    forward_uplinks();
    firewall_.install(std::move(allowances));
  }
}

Traffic EgressNetwork::traffic(const InstanceRecord& record) const {
  return has_egress(record) ? link_traffic(firewall_.link_name(record.index)) : Traffic{};
}

// Answers come in by the uplink, so it must forward too. Not the whole host: other links stay as they are.
void EgressNetwork::forward_uplinks() {
  if (forwards_ || read_file("/proc/sys/net/ipv4/ip_forward", 16).starts_with('1')) {
    return;
  }
  std::string changed = read_file_if_there(host_.layout.forwarding()).value_or("");
  for (const std::string& name : uplinks()) {
    const path setting = ipv4_settings / name / "forwarding";
    if (read_file(setting, 16).starts_with('0')) {
      changed += name + "\n";
      replace_file(host_.layout.forwarding(), changed);
      write_to(setting, "1");
      log_line("forwarding of IPv4 is switched on for " + name + ", for instances with egress");
    }
  }
  forwards_ = true;
}

void EgressNetwork::remove() {
  const std::lock_guard lock(mutex_);
  firewall_.remove();
  remove_links(host_.config.name + "-");
  // Where somebody has switched on the whole host meanwhile, it is no longer ours to switch off.
  const bool whole_host = read_file("/proc/sys/net/ipv4/ip_forward", 16).starts_with('1');
  std::istringstream changed(read_file_if_there(host_.layout.forwarding()).value_or(""));
  for (std::string name; std::getline(changed, name);) {
    const path setting = ipv4_settings / name / "forwarding";
    if (!whole_host && std::filesystem::exists(setting)) {
      write_to(setting, "0");
    }
  }
  remove_tree(host_.layout.forwarding());
  forwards_ = false;
}

}  // namespace berth::warden
