// SPDX-License-Identifier: Apache-2.0
#include "warden/image_layers.h"

#include "base/described.h"
#include "warden/idmapped_mount.h"

namespace berth::warden {

std::optional<wire::ImageStatus> load_image(const Layout& layout, const std::string& name) {
  const auto text = read_file_if_there(layout.image(name) / "image.json");
  if (!text) {
    return std::nullopt;
  }
  return read_json<wire::ImageStatus>(parse_json(*text), Missing::keeps_default);
}

std::vector<path> image_layers(const Layout& layout, const std::string& name) {
  std::vector<path> layers;
  for (std::string wanted = name; layers.size() <= wire::most_layers;) {
    const std::optional<wire::ImageStatus> image = load_image(layout, wanted);
    if (!image) {
      throw Error(ErrorKind::not_found, "there is no image '" + wanted + "' on this host", "spec.image");
    }
    if (!image->base) {
      layers.push_back(layout.image_root(wanted));
      return layers;
    }
    layers.push_back(layout.image_layer(wanted));
    wanted = *image->base;
  }
  throw Error(ErrorKind::internal, "the image '" + name + "' has more layers than an image can have");
}

std::string mount_layers(const Layout& layout, const std::vector<path>& layers, int user_namespace, std::size_t first) {
  std::string folders;
  for (std::size_t number = 0; number < layers.size(); ++number) {
    const path lower = layout.lower(first + number);
    mount_idmapped(layers[number], lower, user_namespace);
    folders += (folders.empty() ? "" : ":") + lower.string();
  }
  return folders;
}

}  // namespace berth::warden
