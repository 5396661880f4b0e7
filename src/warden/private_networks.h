// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "warden/address_block.h"
#include "warden/instance_record.h"
#include "warden/layout.h"

namespace berth::warden {

// The networks of instances among themselves. Each is a network namespace with a bridge and nothing else, kept at
// RUN/networks/NAME in the warden's mount namespace: made with its first machine, gone with its last. Any thread.
class PrivateNetworks {
 public:
  explicit PrivateNetworks(const Layout& layout) : layout_(layout) {}

  // Connects an instance that was created and not yet started, if its spec names a network. Throws Error{conflict} when
  // another instance has its position.
  void connect(const InstanceRecord& record, const Descriptor& machine);
  // After its processes have ended: its link goes with its network namespace.
  void disconnect(const InstanceRecord& record);
  // After a restart of the warden: the networks of these are there, others are left over.
  void adopt(const std::vector<InstanceRecord>& running);
  void remove();

  static Address address_of(std::uint32_t position);

 private:
  Descriptor open_network(const std::string& name) const;
  void remove_network(const std::string& name);

  const Layout& layout_;
  std::mutex mutex_;                                                       // of what follows
  std::map<std::string, std::map<std::uint32_t, std::uint32_t>> members_;  // instances' indexes to their positions
};

}  // namespace berth::warden
