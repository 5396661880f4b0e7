// SPDX-License-Identifier: Apache-2.0
#include "warden/cgroup.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace berth::warden {
namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string text_of(const path& file) {
  try {
    return read_file_if_there(file).value_or("");
  } catch (const Error&) {
    return "";  // the group went while it was read
  }
}

// Deepest first; a group that is not empty stays.
void remove_groups(const path& top) {
  std::error_code fault;
  std::vector<path> groups = {top};
  for (std::filesystem::recursive_directory_iterator entry(top, fault), end; !fault && entry != end;
       entry.increment(fault)) {
    if (entry->is_directory(fault)) {
      groups.push_back(entry->path());
    }
  }
  std::ranges::reverse(groups);
  for (const path& group : groups) {
    ::rmdir(group.c_str());
  }
}

}  // namespace

std::uint64_t keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(key) && line.substr(key.size()).starts_with(' ')) {
      return number(line.substr(key.size() + 1));
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}

Cgroups::Cgroups(std::string name, path mount_point) : name_(std::move(name)), mount_point_(std::move(mount_point)) {
  // The top of a version 2 hierarchy lists its controllers; that of version 1 is a folder of hierarchies.
  unified_ = std::filesystem::exists(mount_point_ / "cgroup.controllers");
}

path Cgroups::group(const char* controller, const std::string& id) const {
  return (unified_ ? mount_point_ : mount_point_ / controller) / name_ / id;
}

bool Cgroups::limits_swap() const {
  return unified_ || std::filesystem::exists(mount_point_ / "memory/memory.memsw.limit_in_bytes");
}

CgroupUsage Cgroups::usage(const std::string& id) const {
  CgroupUsage usage;
  const path memory = group("memory", id);
  const std::uint64_t whole = number(text_of(memory / (unified_ ? "memory.current" : "memory.usage_in_bytes")));
  const std::uint64_t cache =
      keyed_number(text_of(memory / "memory.stat"), unified_ ? "inactive_file" : "total_inactive_file");
  usage.memory = whole - std::min(cache, whole);
  usage.cpu_microseconds = unified_ ? keyed_number(text_of(group("cpu", id) / "cpu.stat"), "usage_usec")
                                    : number(text_of(group("cpuacct", id) / "cpuacct.usage")) / 1000;
  usage.processes = number(text_of(group("pids", id) / "pids.current"));
  usage.out_of_memory_kills = out_of_memory_kills(id);
  return usage;
}

std::uint64_t Cgroups::out_of_memory_kills(const std::string& id) const {
  return keyed_number(text_of(group("memory", id) / (unified_ ? "memory.events" : "memory.oom_control")), "oom_kill");
}

bool Cgroups::is_frozen(const std::string& id) const {
  const path freezer = group("freezer", id);
  return unified_ ? text_of(freezer / "cgroup.freeze").starts_with('1')
                  : !text_of(freezer / "freezer.state").starts_with("THAWED") &&
                        std::filesystem::exists(freezer / "freezer.state");
}

std::vector<path> Cgroups::hierarchies() const {
  if (unified_) {
    return {mount_point_};
  }
  std::vector<path> found;
  std::error_code fault;
  for (const auto& hierarchy : std::filesystem::directory_iterator(mount_point_, fault)) {
    found.push_back(hierarchy.path());
  }
  return found;
}

std::vector<path> Cgroups::groups(const std::string& id) const {
  std::vector<path> found;
  for (const path& hierarchy : hierarchies()) {
    // Version 1 has links from the names of controllers that share a hierarchy.
    if (!std::filesystem::is_symlink(hierarchy) && std::filesystem::exists(hierarchy / name_ / id)) {
      found.push_back(hierarchy / name_ / id);
    }
  }
  return found;
}

std::vector<path> Cgroups::make_limited(const std::string& name, Bytes memory, std::uint64_t processes) const {
  const auto make = [&](const char* controller) {
    const path made = group(controller, name);
    std::error_code fault;
    std::filesystem::create_directories(made, fault);
    return made;
  };
  const path with_memory = make("memory");
  const path with_processes = make("pids");
  if (unified_) {
    for (const path& above : {mount_point_, mount_point_ / name_}) {
      write_to(above / "cgroup.subtree_control", "+memory +pids");
    }
  }
  write_to(with_memory / (unified_ ? "memory.max" : "memory.limit_in_bytes"), std::to_string(memory.count));
  write_to(with_processes / "pids.max", std::to_string(processes));
  return unified_ ? std::vector{with_memory} : std::vector{with_memory, with_processes};
}

void Cgroups::remove(const std::string& id) const {
  for (const path& hierarchy : hierarchies()) {
    remove_groups(hierarchy / name_ / id);
  }
}

void Cgroups::remove_all() const {
  for (const path& hierarchy : hierarchies()) {
    remove_groups(hierarchy / name_);
  }
}

}  // namespace berth::warden
