// SPDX-License-Identifier: Apache-2.0
#include "warden/images.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/described.h"
#include "base/ids.h"
#include "warden/disk.h"
#include "warden/image_import.h"
#include "warden/image_layers.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Milliseconds build_limit = std::chrono::minutes(30);

}  // namespace

// One image being made: holds its name and a folder for it, and removes the folder unless it became the image.
class Images::Making {
 public:
  Making(Images& images, const std::string& name) : images_(images), name_(name) {
    {
      const std::lock_guard lock(images_.mutex_);
      if (!images_.making_.insert(name).second) {
        throw Error(ErrorKind::conflict, "the image '" + name + "' is being made by another request");
      }
    }
    try {
      require_room(images_.layout_.images());
      folder_ = images_.layout_.images() / (".partial-" + random_name(12));
      make_folder(folder_, 0700);
    } catch (...) {
      release();
      throw;
    }
  }
  ~Making() {
    try {
      remove_tree(folder_);
    } catch (const Error& fault) {
      log_line(fault.what());
    }
    release();
  }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;
  const path& folder() const { return folder_; }

 private:
  void release() {
    const std::lock_guard lock(images_.mutex_);
    images_.making_.erase(name_);
  }
  Images& images_;
  std::string name_;
  path folder_;
};

Images::Images(const Config& config, Layout layout) : config_(config), layout_(std::move(layout)) {}

void Images::refuse_in_use(const std::string& name, const std::function<bool()>& in_use) const {
  if (in_use()) {
    throw Error(ErrorKind::conflict, "the image '" + name + "' is in use by an instance");
  }
  for (const wire::ImageStatus& image : load_all()) {
    if (image.base == name) {
      throw Error(ErrorKind::conflict,
                  "the image '" + name + "' is below the image '" + image.name + "'; remove that one first");
    }
  }
}

std::vector<wire::ImageStatus> Images::list() const {
  const std::lock_guard lock(mutex_);
  return load_all();
}

std::vector<wire::ImageStatus> Images::load_all() const {
  std::vector<wire::ImageStatus> images;
  for (const auto& entry : std::filesystem::directory_iterator(layout_.images())) {
    const std::string name = entry.path().filename();
    if (!is_name(name)) {
      continue;
    }
    try {
      if (auto image = load_image(layout_, name)) {
        images.push_back(std::move(*image));
      }
    } catch (const Error& fault) {
      log_line("the image " + name + " is not readable: " + fault.what());
    }
  }
  std::ranges::sort(images, {}, &wire::ImageStatus::name);
  return images;
}

wire::ImageStatus Images::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  if (auto image = load_image(layout_, name)) {
    return std::move(*image);
  }
  throw Error(ErrorKind::not_found, "there is no image '" + name + "' on this host", "spec.image");
}

std::vector<std::string> Images::recipes() const {
  std::vector<std::string> names;
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(config_.recipes, fault)) {
    const std::string name = entry.path().filename();
    if (is_name(name) && ::access((entry.path() / "build").c_str(), X_OK) == 0) {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

wire::ImageStatus Images::build(const std::string& name, const ReportProgress& report) {
  if (std::ranges::count(recipes(), name) == 0) {
    throw Error(ErrorKind::not_found, "there is no recipe '" + name + "'", "name");
  }
  if (auto image = load_image(layout_, name)) {
    return std::move(*image);
  }
  const Making making(*this, name);
  run_reporting({.name = "recipe " + name,
                 .program = {.command = {(path(config_.recipes) / name / "build").string(),
                                         (making.folder() / "rootfs").string()},
                             .environment = {"HOME=/root"}},
                 .limit = build_limit},
                report);
  return keep(name, making.folder(), {.size = tidy_tree(making.folder() / "rootfs")}, [] { return false; });
}

wire::ImageStatus Images::import(const std::string& name, wire::ImageForm form, Descriptor source,
                                 const std::function<bool()>& in_use, const ReportProgress& report) {
  {
    const std::lock_guard lock(mutex_);
    refuse_in_use(name, in_use);
  }
  const Making making(*this, name);
  const UnpackLimits limits{config_.largest_image, config_.most_image_files};
  wire::ImageStatus status = form == wire::ImageForm::tar ? import_tar(source, making.folder(), limits, report)
                                                          : import_oci(source, making.folder(), limits, report);
  status.size = tidy_tree(making.folder() / "rootfs");
  return keep(name, making.folder(), std::move(status), in_use);
}

wire::ImageStatus Images::commit(const std::string& name, const std::string& base, const std::function<bool()>& in_use,
                                 const std::function<Bytes(const path& layer)>& fill) {
  wire::ImageStatus status = find(base);
  if (image_layers(layout_, base).size() > wire::most_layers) {
    throw Error(ErrorKind::conflict, "the image '" + base + "' has as many layers as an image may have; export the " +
                                         "instance and import that as an image");
  }
  {
    const std::lock_guard lock(mutex_);
    refuse_in_use(name, in_use);
  }
  const Making making(*this, name);
  const path layer = making.folder() / "layer";
  make_folder(layer, 0755);
  status.base = base;
  status.size = fill(layer);
  return keep(name, making.folder(), std::move(status), in_use);
}

wire::ImageStatus Images::keep(const std::string& name, const path& partial, wire::ImageStatus status,
                               const std::function<bool()>& in_use) {
  status.name = name;
  replace_file(partial / "image.json", print_json(to_json(status)) + "\n", 0600, true);
  const std::lock_guard lock(mutex_);
  refuse_in_use(name, in_use);
  put_away(name);
  check(::rename(partial.c_str(), layout_.image(name).c_str()), "keep an image");
  return status;
}

void Images::remove(const std::string& name, const std::function<bool()>& in_use) {
  const std::lock_guard lock(mutex_);
  refuse_in_use(name, in_use);
  put_away(name);
}

// Renames at once and deletes later; a restart deletes what was not yet deleted.
void Images::put_away(const std::string& name) {
  const path gone = layout_.images() / (".removed-" + random_name(12));
  if (::rename(layout_.image(name).c_str(), gone.c_str()) != 0) {
    if (errno == ENOENT) {
      return;
    }
    throw_errno("remove an image");
  }
  deletions_.post([gone] { remove_tree(gone); });
}

void Images::remove_leftovers() {
  for (const auto& entry : std::filesystem::directory_iterator(layout_.images())) {
    if (entry.path().filename().native().starts_with('.')) {
      deletions_.post([gone = entry.path()] { remove_tree(gone); });
    }
  }
}

}  // namespace berth::warden
