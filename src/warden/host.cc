// SPDX-License-Identifier: Apache-2.0
#include "warden/host.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "warden/check_root.h"
#include "warden/idmapped_mount.h"
#include "warden/mount_namespace.h"
#include "warden/seccomp.h"
#include "warden/system_error.h"
#include "wire/warden_protocol.h"

namespace berth::warden {
namespace {

// The mounted root of an instance is walked to by a process that is nobody here.
void require_open_path(const path& folder) {
  for (path above = folder; above != above.root_path(); above = above.parent_path()) {
    struct stat state{};
    check(::stat(above.c_str(), &state), "look at " + above.string());
    if ((state.st_mode & S_IXOTH) == 0) {
      throw Error(ErrorKind::invalid_argument,
                  "the folder " + above.string() + " must be open to all (chmod o+x), or --run-dir another one");
    }
  }
}

void make_parents(const path& folder) {
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  if (fault) {
    throw_errno("make the folder " + folder.string(), fault.value());
  }
}

}  // namespace

Host::Host(Config wanted)
    : config(std::move(wanted)),
      layout{config.data_dir, config.run_dir},
      runtime(config.runtime, layout.runtime_state()),
      cgroups(config.name),
      addresses(config.network),
      seccomp_filter(seccomp_filter_file()) {
  if (config.agent.empty()) {
    config.agent = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "berth-agent";
  }
}

std::uint32_t Host::most_instances() const {
  return std::min({UidRange::count(config.first_uid), addresses.size(), 100'000U});
}

void enter_mounts(Host& host) {
  enter_mount_namespace(host.layout.mount_keeper());
  host.bare_mounts = mounts_without_instances(host.layout);
  host.runtime.work_in(host.bare_mounts);
}

void check_programs(const Host& host) {
  if (::geteuid() != 0) {
    throw Error(ErrorKind::forbidden, "it must be started as root");
  }
  if (::access(host.config.agent.c_str(), X_OK) != 0) {
    throw Error(ErrorKind::not_found, "there is no agent at " + host.config.agent + "; name it with --agent");
  }
  host.runtime.version();
}

void make_folders(const Host& host) {
  const Layout& layout = host.layout;
  make_parents(layout.data);
  make_folder(layout.data, 0755);  // the client has a folder of its own in it, beside ours
  for (const path& folder : {layout.images(), layout.templates(), layout.instances()}) {
    make_folder(folder, 0700);
  }
  make_parents(layout.run);
  make_folder(layout.run, 0755);
  make_folder(layout.runtime_state(), 0700);
  make_folder(layout.agents(), 0700);
  make_folder(layout.networks(), 0700);
  make_folder(layout.root().parent_path(), 0755);
  make_folder(layout.root(), 0755);
  for (std::size_t number = 0; number <= wire::most_layers + 1; ++number) {
    make_folder(layout.lower(number), 0755);
  }
  require_open_path(layout.root());
  make_check_folders(layout);
}

void check_kernel(const Host& host) {
  with_private_mounts([&] {
    const Descriptor shifted = make_user_namespace(UidRange::of(host.config.first_uid, 0));
    mount_idmapped(host.layout.images(), host.layout.lower(), shifted.get());
    mount_at("tmpfs", host.layout.templates(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0700");
    make_folder(host.layout.templates() / "upper", 0755);
    make_folder(host.layout.templates() / "work", 0700);
    mount_overlay(host.layout.lower().string(), host.layout.templates(), host.layout.root());
  });
}

}  // namespace berth::warden
