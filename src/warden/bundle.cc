// SPDX-License-Identifier: Apache-2.0
#include "warden/bundle.h"

#include <algorithm>
#include <boost/json/array.hpp>

#include "wire/agent_protocol.h"

namespace berth::warden {
namespace {

using boost::json::array;
using boost::json::object;

constexpr const char* default_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The Docker engine's defaults without MKNOD, which does nothing in a user namespace, and AUDIT_WRITE.
array capabilities() {
  return {"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID",  "CAP_KILL",   "CAP_NET_BIND_SERVICE",
          "CAP_NET_RAW", "CAP_SETFCAP",      "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"};
}

// The agent's alone, which it needs to filter system calls, its own first; it gives it up before it starts anything.
array first_capabilities() {
  array all = capabilities();
  all.push_back("CAP_SYS_ADMIN");
  return all;
}

array agent_command(const BundleParts& parts) {
  const wire::ImageStatus& image = parts.image;
  array command = {wire::agent_path, "init", "--filter"};
  const auto add = [&](std::string_view text) { command.push_back(boost::json::string(text)); };
  if (!image.directory.empty()) {
    add("--directory");
    add(image.directory);
  }
  if (!image.user.empty()) {
    add("--user");
    add(image.user);
  }
  if (!parts.spec.service_user.empty()) {
    add("--service-user");
    add(parts.spec.service_user);
  }
  const std::vector<std::string>& service = parts.spec.command.empty() ? image.command : parts.spec.command;
  if (!service.empty()) {
    add("--");
    std::ranges::for_each(service, add);
  }
  return command;
}

array environment_of(const wire::ImageStatus& image) {
  array environment;
  bool has_path = false;
  for (const std::string& variable : image.environment) {
    environment.push_back(boost::json::string(variable));
    has_path = has_path || variable.starts_with("PATH=");
  }
  if (!has_path) {
    environment.push_back(default_path);
  }
  return environment;
}

object limit(const char* type, std::uint64_t amount) { return {{"type", type}, {"soft", amount}, {"hard", amount}}; }

object process_of(const BundleParts& parts) {
  return {{"terminal", false},
          {"user", object{{"uid", 0}, {"gid", 0}}},
          {"args", agent_command(parts)},
          {"env", environment_of(parts.image)},
          {"cwd", "/"},
          {"capabilities", object{{"bounding", first_capabilities()},
                                  {"effective", first_capabilities()},
                                  {"permitted", first_capabilities()}}},
          {"rlimits", array{limit("RLIMIT_NOFILE", parts.spec.open_files), limit("RLIMIT_CORE", 0)}},
          // Before anything of the host's when memory is short.
          {"oomScoreAdj", 500},
          {"noNewPrivileges", parts.spec.no_new_privileges}};
}

object mount(const char* destination, const char* type, const char* source, array options) {
  return {{"destination", destination}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

// Where programs expect to write although the root file system is read-only. Counts as the instance's memory.
void add_writable_folders(array& mounts) {
  mounts.push_back(mount("/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777", "size=16m", "nr_inodes=4096"}));
  mounts.push_back(mount("/run", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=755", "size=1m", "nr_inodes=1024"}));
}

array mounts_of(const BundleParts& parts) {
  const std::uint64_t shared = std::min<std::uint64_t>(parts.spec.memory.count / 2, Bytes{64_MiB}.count);
  const std::string shared_size = "size=" + std::to_string(shared);
  array mounts = {mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
                  mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=64k", "nr_inodes=1024"}),
                  mount("/dev/pts", "devpts", "devpts",
                        {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", "max=1024"}),
                  mount("/dev/shm", "tmpfs", "shm",
                        {"nosuid", "noexec", "nodev", "mode=1777", shared_size.c_str(), "nr_inodes=16384"}),
                  mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
                  mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
                  mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}),
                  mount(wire::agent_path, "bind", parts.agent.c_str(), {"bind", "ro", "nosuid", "nodev"})};
  if (parts.spec.read_only) {
    add_writable_folders(mounts);
  }
  return mounts;
}

object resources_of(const BundleParts& parts) {
  constexpr std::uint64_t period = 100'000;  // microseconds
  object memory = {{"limit", parts.spec.memory.count}};
  if (parts.swap_accounting) {
    memory["swap"] = parts.spec.memory.count;  // memory and swap together: none on top
  }
  return {{"devices", array{object{{"allow", false}, {"access", "rwm"}}}},
          {"memory", std::move(memory)},
          {"cpu", object{{"shares", 1024}, {"period", period}, {"quota", period * parts.spec.cpu_percent / 100}}},
          {"pids", object{{"limit", parts.spec.processes}}}};
}

object namespace_of(const char* type) { return {{"type", type}}; }

object linux_of(const BundleParts& parts) {
  const auto mapping = [&] {
    return array{object{{"containerID", 0}, {"hostID", parts.owner.first}, {"size", UidRange::size}}};
  };
  return {
      {"cgroupsPath", boost::json::string(parts.cgroup)},
      {"uidMappings", mapping()},
      {"gidMappings", mapping()},
      {"namespaces", array{namespace_of("user"), namespace_of("pid"), namespace_of("mount"), namespace_of("network"),
                           namespace_of("ipc"), namespace_of("uts"), namespace_of("cgroup")}},
      {"resources", resources_of(parts)},
      {"maskedPaths",
       array{"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
             "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"}},
      // With cgroup v1 the runtime leaves the tmpfs around the controllers writable.
      {"readonlyPaths",
       array{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys/fs/cgroup"}}};
}

}  // namespace

object make_bundle(const BundleParts& parts) {
  return {{"ociVersion", "1.0.2"},
          {"process", process_of(parts)},
          {"root", object{{"path", boost::json::string(parts.root.native())}, {"readonly", parts.spec.read_only}}},
          {"hostname", boost::json::string(parts.spec.hostname)},
          {"mounts", mounts_of(parts)},
          {"linux", linux_of(parts)}};
}

}  // namespace berth::warden
