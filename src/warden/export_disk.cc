// SPDX-License-Identifier: Apache-2.0
#include "warden/export_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include "warden/idmapped_mount.h"
#include "warden/image_layers.h"
#include "warden/inner_program.h"
#include "warden/launch.h"
#include "warden/mount_namespace.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

Export start_packer(const Descriptor& root, const Descriptor& user_namespace) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "make a pipe");
  Descriptor reading(ends[0]);
  const Descriptor writing(ends[1]);
  Program program = inner_program("pack-disk", {}, {{writing.get(), 1}, {root.get(), 3}, {user_namespace.get(), 4}});
  program.outlives_us = true;  // it works on after the thread of the request
  Child packer(program);
  return {std::move(packer), std::move(reading)};
}

}  // namespace

Export export_running(pid_t pid, const Descriptor& pidfd) {
  const std::string proc = "/proc/" + std::to_string(pid);
  const Descriptor root(::open((proc + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Descriptor user_namespace(::open((proc + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!root || !user_namespace || wait_readable(pidfd.get(), Milliseconds{0})) {
    throw Error(ErrorKind::conflict, "the instance is just ending; try again");
  }
  return start_packer(root, user_namespace);
}

Export export_stopped(const Host& host, const std::string& id, const std::string& image, UidRange owner) {
  const Layout& layout = host.layout;
  const Descriptor user_namespace = make_user_namespace(owner);
  Descriptor root;
  // The descriptor keeps the mounts alive after the thread's namespace is gone.
  with_private_mounts([&] {
    const std::string lowers = mount_layers(layout, image_layers(layout, image), user_namespace.get());
    mount_overlay_read_only(lowers, disk_place(layout, id).folder, layout.root());
    root = open_path(layout.root(), O_DIRECTORY);
  });
  return start_packer(root, user_namespace);
}

}  // namespace berth::warden
