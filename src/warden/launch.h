// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "warden/disk.h"
#include "warden/host.h"
#include "warden/instance_record.h"
#include "warden/networks.h"

namespace berth::warden {

struct Launched {
  ProcessRecord process;
  Descriptor pidfd;
};

DiskPlace disk_place(const Layout& layout, const std::string& id);

// Starts an instance from its record: disk, container, network, agent. After a failure nothing runs; the disk stays.
// `renewed`: its files of the network (resolv.conf, hosts) must be written again.
Launched launch(const Host& host, Networks& networks, const InstanceRecord& record, const wire::ImageStatus& image,
                bool renewed);

// Removes what is left of a run whose processes have ended.
void clear_run(const Host& host, Networks& networks, const InstanceRecord& record);
// The same when nobody knows whether they have.
void end_run(const Host& host, Networks& networks, const InstanceRecord& record);

}  // namespace berth::warden
