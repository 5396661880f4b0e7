// SPDX-License-Identifier: Apache-2.0
#include "warden/mount_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "warden/own_thread.h"
#include "warden/paused_process.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr int most_attempts = 3 * 4096;  // 4096: the kernel's batch

// The namespace's file may not lie on a mount that is copied into the namespace as a peer: hence a private mount.
void make_keeper(const path& keeper) {
  make_folder(keeper, 0700);
  if (!is_mount_point(keeper)) {
    mount_at(keeper.c_str(), keeper, nullptr, MS_BIND, nullptr);
    mount_at(nullptr, keeper, nullptr, MS_PRIVATE, nullptr);
  }
}

// The kernel mounts only namespaces with a higher number than our own, so that they hold each other in no circle, and
// hands out the numbers in batches to each processor: one made later may have a lower number. Trying uses them up.
void make_namespace(const path& file) {
  replace_file(file, "");
  for (int attempt = 1;; ++attempt) {
    const PausedProcess holder(CLONE_NEWNS);
    if (::mount(holder.proc("ns/mnt").c_str(), file.c_str(), nullptr, MS_BIND, nullptr) == 0) {
      return;
    }
    if (errno != EINVAL || attempt == most_attempts) {
      throw_errno("keep the warden's mount namespace");
    }
  }
}

bool is_namespace(const path& file) {
  struct stat file_state{};
  struct stat our_state{};
  return ::stat(file.c_str(), &file_state) == 0 && ::stat("/proc/self/ns/mnt", &our_state) == 0 &&
         file_state.st_dev == our_state.st_dev;
}

void copy_mounts() { check(::unshare(CLONE_NEWNS), "make a mount namespace"); }

}  // namespace

void enter_mount_namespace(const path& keeper) {
  make_keeper(keeper);
  const path file = keeper / "mounts";
  const bool fresh = !is_namespace(file);
  if (fresh) {
    make_namespace(file);
  }
  const Descriptor kept(check(::open(file.c_str(), O_RDONLY | O_CLOEXEC), "open the warden's mount namespace"));
  join_mount_namespace(kept);
  if (fresh) {
    // What the host unmounts shall vanish here too; what we mount stays here.
    mount_at(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr);
  }
}

void join_mount_namespace(const Descriptor& file) {
  // A thread that shares its working directory with others may not change to another namespace's.
  check(::unshare(CLONE_FS), "leave the shared working directory");
  check(::setns(file.get(), CLONE_NEWNS), "enter a mount namespace");
}

void drop_mount_namespace(const path& keeper) {
  ::umount2((keeper / "mounts").c_str(), MNT_DETACH);
  ::umount2(keeper.c_str(), MNT_DETACH);
  remove_tree(keeper);
}

// A long-lived copy of the mount table would keep the disks and networks of instances that are gone, and the runtime
// reads all of the table, several times for each start.
void leave_mounts_of_instances(const Layout& layout) {
  copy_mounts();
  const std::string disks = layout.instances().string() + "/";
  const std::string networks = layout.networks().string() + "/";
  std::istringstream table(read_file("/proc/thread-self/mountinfo", 64 << 20));
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string number, parent, device, root, target;
    fields >> number >> parent >> device >> root >> target;
    if (target.starts_with(disks) || target.starts_with(networks)) {
      ::umount2(target.c_str(), MNT_DETACH);
    }
  }
}

Descriptor mounts_without_instances(const Layout& layout) {
  Descriptor mounts;
  on_own_thread([&] {
    leave_mounts_of_instances(layout);
    mounts = Descriptor(check(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC), "open a mount namespace"));
  });
  return mounts;
}

void in_mounts(const Descriptor& mounts, const std::function<void()>& work) {
  on_own_thread([&] {
    join_mount_namespace(mounts);
    work();
  });
}

void with_private_mounts(const Descriptor& mounts, const std::function<void()>& work) {
  in_mounts(mounts, [&] {
    copy_mounts();
    work();
  });
}

void with_private_mounts(const std::function<void()>& work) {
  on_own_thread([&] {
    copy_mounts();
    work();
  });
}

Descriptor copy_mount(const path& folder) {
  return Descriptor(check(::open_tree(AT_FDCWD, folder.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "open a mount"));
}

void place_mount(const Descriptor& mount, const path& folder) {
  check(::move_mount(mount.get(), "", AT_FDCWD, folder.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
        "mount at " + folder.filename().string());
}

void mount_at(const char* source, const path& target, const char* type, unsigned long flags, const char* options) {
  check(::mount(source, target.c_str(), type, flags, options),
        std::string("mount ") + (type != nullptr ? type : "at") + " " + target.filename().string());
}

bool is_mount_point(const path& folder) {
  struct statx state{};
  return ::statx(AT_FDCWD, folder.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &state) == 0 &&
         (state.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (state.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace berth::warden
