// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "warden/egress_network.h"
#include "warden/private_networks.h"

namespace berth::warden {

// All links of instances: the one to the world, and the one to each other. Any thread.
class Networks {
 public:
  explicit Networks(const Host& host) : egress_(host), private_(host.layout) {}

  // What its spec asks for, for an instance that was created and not yet started; `open` is called for its network
  // namespace if there is anything to do.
  template <class Open>
  void connect(const InstanceRecord& record, const Open& open) {
    if (record.spec.egress != wire::Egress::none || record.spec.network) {
      const Descriptor machine = open();
      egress_.connect(record, machine);
      private_.connect(record, machine);
    }
  }
  void disconnect(const InstanceRecord& record) {
    private_.disconnect(record);
    egress_.disconnect(record);
  }
  void adopt(const std::vector<InstanceRecord>& running) {
    private_.adopt(running);
    egress_.adopt(running);
  }
  Traffic traffic(const InstanceRecord& record) const { return egress_.traffic(record); }
  void remove() {
    private_.remove();
    egress_.remove();
  }

 private:
  EgressNetwork egress_;
  PrivateNetworks private_;
};

}  // namespace berth::warden
