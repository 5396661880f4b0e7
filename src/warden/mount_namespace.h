// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "warden/files.h"
#include "warden/layout.h"

namespace berth::warden {

// The warden's mounts live in a mount namespace of its own, so that neither the host's mount table grows by one row per
// instance nor a stranger's copy of that table keeps a dead instance's disk alive. The namespace is kept at
// `keeper`/mounts and outlives the process.

// Moves this thread, and those it starts later, into it; makes it first if there is none.
void enter_mount_namespace(const path& keeper);
// Moves this thread, and those it starts later, to the mount namespace `file` names.
void join_mount_namespace(const Descriptor& file);
// Gives the namespace up: the kernel unmounts everything in it once its last process is gone.
void drop_mount_namespace(const path& keeper);

// Moves this thread, and those it starts later, to a copy of its mount namespace without what is mounted for instances.
void leave_mounts_of_instances(const Layout& layout);
// Such a copy. It stays as small as it is, however many instances come.
Descriptor mounts_without_instances(const Layout& layout);

// Runs `work` on a thread of its own in the mount namespace `mounts`. Programs started by `work` live there, too.
void in_mounts(const Descriptor& mounts, const std::function<void()>& work);
// The same in a private copy of it, or of this thread's, which ends with them.
void with_private_mounts(const Descriptor& mounts, const std::function<void()>& work);
void with_private_mounts(const std::function<void()>& work);

// What is mounted at `folder`, to be mounted once more in another namespace.
Descriptor copy_mount(const path& folder);
void place_mount(const Descriptor& mount, const path& folder);

// mount(2) with what to say on failure.
void mount_at(const char* source, const path& target, const char* type, unsigned long flags, const char* options);
bool is_mount_point(const path& folder);

}  // namespace berth::warden
