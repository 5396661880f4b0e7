// SPDX-License-Identifier: Apache-2.0
#include "warden/private_networks.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <thread>

#include "warden/bridge.h"
#include "warden/mount_namespace.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Address first_address = 0xc0a84d0a;  // 192.168.77.10

// On a thread of its own, whose new namespace the mount keeps.
void make_network(const path& file) {
  replace_file(file, "");
  std::exception_ptr failure;
  std::thread([&] {
    try {
      check(::unshare(CLONE_NEWNET), "make a network namespace");
      make_bridge();
      mount_at("/proc/thread-self/ns/net", file, nullptr, MS_BIND, nullptr);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) {
    ::unlink(file.c_str());
    std::rethrow_exception(failure);
  }
}

}  // namespace

Address PrivateNetworks::address_of(std::uint32_t position) { return first_address + position; }

Descriptor PrivateNetworks::open_network(const std::string& name) const {
  const path file = layout_.network(name);
  if (!is_mount_point(file)) {
    make_network(file);
  }
  return Descriptor(check(::open(file.c_str(), O_RDONLY | O_CLOEXEC), "open a private network"));
}

// Nobody waits for its links to go: the kernel does that behind.
void PrivateNetworks::remove_network(const std::string& name) {
  const path file = layout_.network(name);
  ::umount2(file.c_str(), MNT_DETACH);
  ::unlink(file.c_str());
}

void PrivateNetworks::connect(const InstanceRecord& record, const Descriptor& machine) {
  if (!record.spec.network) {
    return;
  }
  const wire::MachineNetwork& wanted = *record.spec.network;
  const std::lock_guard lock(mutex_);
  auto& members = members_[wanted.name];
  for (const auto& [index, position] : members) {
    if (position == wanted.position && index != record.index) {
      throw Error(ErrorKind::conflict, "another instance has this position in its private network", "spec.network");
    }
  }
  members[record.index] = wanted.position;
  make_bridge_link(open_network(wanted.name), record.index, address_of(wanted.position), machine);
}

void PrivateNetworks::disconnect(const InstanceRecord& record) {
  if (!record.spec.network) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(record.spec.network->name);
  if (found == members_.end()) {
    return;
  }
  found->second.erase(record.index);
  if (found->second.empty()) {
    remove_network(found->first);
    members_.erase(found);
  }
}

void PrivateNetworks::adopt(const std::vector<InstanceRecord>& running) {
  const std::lock_guard lock(mutex_);
  for (const InstanceRecord& record : running) {
    if (record.spec.network) {
      members_[record.spec.network->name][record.index] = record.spec.network->position;
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(layout_.networks())) {
    const std::string name = entry.path().filename();
    if (!members_.contains(name)) {
      remove_network(name);
    }
  }
}

void PrivateNetworks::remove() {
  const std::lock_guard lock(mutex_);
  members_.clear();
  for (const auto& entry : std::filesystem::directory_iterator(layout_.networks())) {
    remove_network(entry.path().filename());
  }
}

}  // namespace berth::warden
