// SPDX-License-Identifier: Apache-2.0
#include "warden/disk.h"

#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "warden/loop_disk.h"
#include "warden/mount_namespace.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

void mount_memory(const wire::InstanceSpec& spec, const path& folder) {
  // The upper and work folders and overlay's own files are not the instance's inodes.
  const std::string options =
      "size=" + std::to_string(spec.disk.count) + ",nr_inodes=" + std::to_string(spec.inodes + 8) + ",mode=0700";
  mount_at("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, options.c_str());
}

// The layer's top folder lends its owner and mode to the instance's "/".
void make_layer_folders(const path& folder, UidRange owner) {
  make_folder(folder / "work", 0700);
  make_folder(folder / "upper", 0755);
  check(::chown((folder / "upper").c_str(), owner.first, owner.first), "give the disk to its instance");
}

}  // namespace

bool mount_disk(const wire::InstanceSpec& spec, const DiskPlace& place, const path& templates, UidRange owner) {
  make_folder(place.folder, 0700);
  if (is_mount_point(place.folder)) {
    return false;
  }
  bool fresh = true;
  if (spec.disk_kind == wire::DiskKind::memory) {
    mount_memory(spec, place.folder);
  } else {
    fresh = make_loop_image(place.image, spec.disk, templates);
    mount_loop(place.image, place.folder);
  }
  if (fresh || !std::filesystem::exists(place.folder / "upper")) {
    make_layer_folders(place.folder, owner);
  }
  return fresh;
}

void unmount_disk(const DiskPlace& place) {
  if (is_mount_point(place.folder)) {
    check(::umount2(place.folder.c_str(), MNT_DETACH), "unmount a disk");
  }
}

DiskUse measure_disk(const path& folder) {
  struct statvfs state{};
  check(::statvfs(folder.c_str(), &state), "measure a disk");
  return {{(state.f_blocks - state.f_bfree) * state.f_frsize}, {state.f_bavail * state.f_frsize}};
}

void require_room(const path& folder) {
  const DiskUse use = measure_disk(folder);
  const std::uint64_t whole = use.used.count + use.free.count;
  if (use.free < std::min(Bytes{whole / 20}, 1_GiB)) {
    throw Error(ErrorKind::exhausted,
                "the disk of the host is nearly full; remove images or instances, or move --data-dir");
  }
}

}  // namespace berth::warden
