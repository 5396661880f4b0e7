// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "warden/firewall.h"
#include "warden/host.h"
#include "warden/instance_record.h"
#include "warden/link.h"

namespace berth::warden {

// The way of instances to the world: links, firewall, forwarding. Nothing of it exists before the first instance whose
// plan has egress. Any thread.
class EgressNetwork {
 public:
  explicit EgressNetwork(const Host& host);

  // Connects an instance that was created and not yet started. Nothing for Egress::none.
  void connect(const InstanceRecord& record, const Descriptor& network);
  // After its processes have ended: its link goes with its network namespace.
  void disconnect(const InstanceRecord& record);
  // After a restart of the warden: the links are there, the firewall is made to fit them.
  void adopt(const std::vector<InstanceRecord>& running);
  Traffic traffic(const InstanceRecord& record) const;
  // Takes everything back, forwarding included.
  void remove();

 private:
  Allowance allowance_of(const InstanceRecord& record) const;
  void forward_uplinks();

  const Host& host_;
  std::mutex mutex_;  // of what follows
  Firewall firewall_;
  bool forwards_ = false;
};

}  // namespace berth::warden
