// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "warden/host.h"
#include "warden/spawn.h"

namespace berth::warden {

// A running pack of an instance's file system, and the end of the pipe its tar can be read from.
struct Export {
  Child packer;
  Descriptor tar;
};

// Of the running instance whose first process is `pid`, which `pidfd` proves to be no later one of that number.
Export export_running(pid_t pid, const Descriptor& pidfd);
// Of one that is stopped: its disk is mounted. It may be started meanwhile.
Export export_stopped(const Host& host, const std::string& id, const std::string& image, UidRange owner);

}  // namespace berth::warden
