// SPDX-License-Identifier: Apache-2.0
#include "warden/idmapped_mount.h"

#include <fcntl.h>
#include <sys/mount.h>

#include "warden/mount_namespace.h"
#include "warden/system_error.h"

namespace berth::warden {

void mount_idmapped(const path& folder, const path& target, int user_namespace) {
  const Descriptor tree = copy_mount(folder);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    if (errno == EINVAL) {
      throw Error(ErrorKind::unavailable,
                  "the file system of the data folder does not support idmapped mounts; use ext4, xfs or btrfs, and "
                  "Linux 5.19 or later");
    }
    throw_errno("map the image's owners");
  }
  place_mount(tree, target);
}

void mount_overlay(const std::string& lowers, const path& disk, const path& target) {
  const std::string options = "lowerdir=" + lowers + ",upperdir=" + (disk / "upper").string() +
                              ",workdir=" + (disk / "work").string() + ",index=off,metacopy=off,xino=off";
  mount_at("overlay", target, "overlay", MS_NODEV, options.c_str());
}

void mount_overlay_read_only(const std::string& lowers, const path& disk, const path& target) {
  const std::string options = "lowerdir=" + (disk / "upper").string() + ":" + lowers;
  mount_at("overlay", target, "overlay", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, options.c_str());
}

}  // namespace berth::warden
