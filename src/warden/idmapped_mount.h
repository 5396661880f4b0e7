// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "warden/files.h"

namespace berth::warden {

// Mounts `folder` at `target` with its owners 0 to 65535 shifted as `user_namespace` says. Nothing on disk is changed.
void mount_idmapped(const path& folder, const path& target, int user_namespace);

// Mounts `lowers` (folders, the topmost first, a colon between) below a writable layer in `disk` (which has the folders
// upper and work) at `target`.
void mount_overlay(const std::string& lowers, const path& disk, const path& target);
// The same to look at only: nothing may be written, and the layer may be in use elsewhere.
void mount_overlay_read_only(const std::string& lowers, const path& disk, const path& target);

}  // namespace berth::warden
