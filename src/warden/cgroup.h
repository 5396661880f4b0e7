// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "warden/files.h"

namespace berth::warden {

// What an instance uses, counted by the kernel.
struct CgroupUsage {
  std::uint64_t cpu_microseconds = 0;
  std::uint64_t memory = 0;  // without reclaimable file cache
  std::uint64_t processes = 0;
  std::uint64_t out_of_memory_kills = 0;
};

// Our subtree "/<name>" of the host's cgroups, whichever layout they have: version 2, or version 1 with a hierarchy per
// controller. Only the OCI runtime writes limits; we read, and remove what is left over.
class Cgroups {
 public:
  explicit Cgroups(std::string name, path mount_point = "/sys/fs/cgroup");

  std::string path_of(const std::string& id) const { return "/" + name_ + "/" + id; }
  bool limits_swap() const;
  // Zeros for what is not there (any more).
  CgroupUsage usage(const std::string& id) const;
  std::uint64_t out_of_memory_kills(const std::string& id) const;
  bool is_frozen(const std::string& id) const;
  // The instance's group in each hierarchy that has one.
  std::vector<path> groups(const std::string& id) const;
  // Makes the group `name` beside those of instances, with limits, and returns it in each hierarchy it is in. Throws
  // when the host refuses.
  std::vector<path> make_limited(const std::string& name, Bytes memory, std::uint64_t processes) const;
  // What a half-made container left; nothing in it runs.
  void remove(const std::string& id) const;
  // Removes every empty group of the subtree.
  void remove_all() const;

 private:
  path group(const char* controller, const std::string& id) const;
  std::vector<path> hierarchies() const;

  std::string name_;
  path mount_point_;
  bool unified_ = false;
};

// The number after `key` in lines of "key number", 0 if there is none.
std::uint64_t keyed_number(std::string_view text, std::string_view key);

}  // namespace berth::warden
