// SPDX-License-Identifier: Apache-2.0
#include "warden/check_root.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "warden/image_layers.h"
#include "warden/mount_namespace.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

// A copy of the whole mount tree of a machine, which is attached nowhere yet and through which nothing can be written.
// Nor is a link followed in it, the ones in /proc included: the machine could lead a check to files of the check's own,
// as to /proc/self/cmdline, where "grep -q good FILE" finds what it looks for.
Descriptor copy_tree(const Descriptor& machine, const Descriptor& home) {
  check(::setns(machine.get(), CLONE_NEWNS), "look into the instance");
  Descriptor tree(::open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  const int fault = errno;
  check(::setns(home.get(), CLONE_NEWNS), "come back from the instance");
  if (!tree) {
    throw_errno("look at the instance's files", fault);
  }
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW;
  attributes.propagation = MS_PRIVATE;
  check(::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes),
        "make the instance's files read-only");
  return tree;
}

void attach(const Descriptor& tree, const path& target) {
  check(::move_mount(tree.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH), "show the instance's files");
}

void make_read_only(const path& mounted) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  check(::mount_setattr(AT_FDCWD, mounted.c_str(), 0, &attributes, sizeof attributes), "protect a check's files");
}

void mount_devices(const path& folder) {
  mount_at("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=4k,nr_inodes=32");
  constexpr struct {
    const char* name;
    unsigned minor;
  } devices[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
  for (const auto& [name, minor] : devices) {
    check(::mknod((folder / name).c_str(), S_IFCHR, ::makedev(1, minor)), "make a device for a check");
    check(::chmod((folder / name).c_str(), 0666), "make a device for a check");
  }
  constexpr const char* links[][2] = {{"/proc/self/fd", "fd"},
                                      {"/proc/self/fd/0", "stdin"},
                                      {"/proc/self/fd/1", "stdout"},
                                      {"/proc/self/fd/2", "stderr"},
                                      {"/tmp", "shm"}};
  for (const auto& [target, name] : links) {
    check(::symlink(target, (folder / name).c_str()), "make a link for a check");
  }
  make_read_only(folder);
}

void mount_machines(const path& folder, const std::vector<std::string>& names, const std::vector<Descriptor>& trees) {
  attach(trees.front(), folder / "machine");
  if (names.empty()) {
    return;
  }
  mount_at("tmpfs", folder / "machines", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=4k,nr_inodes=16");
  for (std::size_t number = 0; number < names.size(); ++number) {
    make_folder(folder / "machines" / names[number], 0755);
    attach(trees[number + 1], folder / "machines" / names[number]);
  }
  make_read_only(folder / "machines");
}

void make_root(const path& folder) {
  check(::chdir(folder.c_str()), "enter a check's root");
  check(::syscall(SYS_pivot_root, ".", "."), "make a check's root the root");
  check(::umount2(".", MNT_DETACH), "leave the host's files");
  check(::chdir("/"), "enter a check's root");
}

}  // namespace

void make_check_folders(const Layout& layout) {
  make_folder(layout.check_skeleton(), 0755);
  for (const char* name : {"proc", "tmp", "dev", "machine", "machines"}) {
    make_folder(layout.check_skeleton() / name, 0755);
  }
}

void enter_check_root(const Layout& layout, const CheckOrder& order, const Descriptor& user_namespace,
                      const std::vector<Descriptor>& machines) {
  const Descriptor home(check(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "open a mount namespace"));
  std::vector<Descriptor> trees;
  for (const Descriptor& machine : machines) {
    trees.push_back(copy_tree(machine, home));
  }
  // On top, so that whatever the image has at these names does not matter.
  std::vector<path> layers = {layout.check_skeleton()};
  layers.insert(layers.end(), order.layers.begin(), order.layers.end());
  const std::string lowers = "lowerdir=" + mount_layers(layout, layers, user_namespace.get());
  const path root = layout.root();
  mount_at("overlay", root, "overlay", MS_RDONLY | MS_NODEV | MS_NOSUID, lowers.c_str());
  mount_at("proc", root / "proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible");
  mount_at("tmpfs", root / "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=16m,nr_inodes=4096");
  mount_devices(root / "dev");
  mount_machines(root, order.machines, trees);
  make_root(root);
}

}  // namespace berth::warden
