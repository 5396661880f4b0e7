// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "warden/files.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

enum class Phase {
  making,      // its files are not complete: to be removed after a crash
  made,        // it has a disk; it runs if `running` says so
  destroying,  // to be removed
};
BOOST_DESCRIBE_ENUM(Phase, making, made, destroying)

// A process that cannot be mistaken for a later one of the same number.
struct ProcessRecord {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  std::string boot;              // the kernel's boot id
};
BOOST_DESCRIBE_STRUCT(ProcessRecord, (), (pid, start_time, boot))

// What the warden knows of an instance after a restart: instance.json in the instance's folder.
struct InstanceRecord {
  std::string id;
  std::uint32_t index = 0;      // its place: its address, and its uid range when it was made
  std::uint32_t first_uid = 0;  // of its range; files on its disk have these owners, whatever --first-uid is now
  Phase phase = Phase::making;
  wire::InstanceSpec spec;
  bool starting = false;                 // the OCI runtime may hold something of it
  std::optional<ProcessRecord> running;  // its first process
  bool out_of_memory = false;            // in its current or last run
};
BOOST_DESCRIBE_STRUCT(InstanceRecord, (), (id, index, first_uid, phase, spec, starting, running, out_of_memory))

std::optional<InstanceRecord> load_record(const path& file);
void save_record(const path& file, const InstanceRecord& record);

// Throws Error{unavailable} if the process has ended.
ProcessRecord describe_process(pid_t pid);
// Its pidfd if it still runs.
Descriptor find_process(const ProcessRecord& process);

}  // namespace berth::warden
