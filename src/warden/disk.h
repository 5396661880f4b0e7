// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "warden/files.h"
#include "warden/user_namespace.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// Where an instance's writable layer is: `folder` is the mount point (with upper/ and work/ in it), `image` the file of
// one kept on disk.
struct DiskPlace {
  path folder;
  path image;
};

// Mounts the layer of this kind and size unless it is mounted; makes it if there is none. True: it is new and empty.
bool mount_disk(const wire::InstanceSpec& spec, const DiskPlace& place, const path& templates, UidRange owner);
// Its file system goes when the last user does; the files at `place` are not touched.
void unmount_disk(const DiskPlace& place);

struct DiskUse {
  Bytes used;
  Bytes free;
};
// Of the file system at `folder`.
DiskUse measure_disk(const path& folder);

// Throws Error{exhausted} when the file system of `folder` is so full that others would suffer from a further instance.
void require_room(const path& folder);

}  // namespace berth::warden
