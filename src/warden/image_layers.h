// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "warden/layout.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// An image either stands alone (rootfs/) or is a layer over another one (layer/, and that one's name in image.json).

std::optional<wire::ImageStatus> load_image(const Layout& layout, const std::string& name);

// The folders of the image's files, the topmost first. Throws Error{not_found} when one of its images is missing.
std::vector<path> image_layers(const Layout& layout, const std::string& name);

// Mounts these folders at layout.lower(), one each from number `first` on, with owners as `user_namespace` says, for a
// private copy of the mount table. Returns them as overlay wants its lower folders.
std::string mount_layers(const Layout& layout, const std::vector<path>& layers, int user_namespace,
                         std::size_t first = 0);

}  // namespace berth::warden
