// SPDX-License-Identifier: Apache-2.0
#include "warden/image_import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "warden/disk.h"
#include "warden/inner_program.h"
#include "warden/oci_layout.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Milliseconds import_limit = std::chrono::minutes(30);

mode_t type_of(const Descriptor& source) {
  struct stat state{};
  check(::fstat(source.get(), &state), "look at the descriptor");
  return state.st_mode & S_IFMT;
}

// umoci knows no limits: the file system is watched while it works. Others' writes count too, which errs on the safe
// side.
class SpaceWatch {
 public:
  SpaceWatch(path folder, const UnpackLimits& limits) : folder_(std::move(folder)), limits_(limits), before_(look()) {}
  void check_now() const {
    require_room(folder_);
    const struct statvfs now = look();
    if (taken(before_.f_bfree, now.f_bfree) * now.f_frsize > limits_.size.count) {
      throw Error(ErrorKind::too_large, "the image unpacks to more than " + format_bytes(limits_.size));
    }
    if (taken(before_.f_ffree, now.f_ffree) > limits_.files) {
      throw Error(ErrorKind::too_large, "the image holds more than " + std::to_string(limits_.files) + " files");
    }
  }

 private:
  static std::uint64_t taken(std::uint64_t before, std::uint64_t now) { return before > now ? before - now : 0; }
  struct statvfs look() const {
    struct statvfs state{};
    check(::statvfs(folder_.c_str(), &state), "measure a disk");
    return state;
  }
  path folder_;
  UnpackLimits limits_;
  struct statvfs before_;
};

}  // namespace

wire::ImageStatus import_tar(const Descriptor& source, const path& folder, const UnpackLimits& limits,
                             const ReportProgress& report) {
  if (type_of(source) != S_IFREG) {
    throw Error(ErrorKind::invalid_argument, "the descriptor of a tar must be a regular file");
  }
  make_folder(folder / "rootfs", 0755);
  const Descriptor root = open_path(folder / "rootfs", O_DIRECTORY);
  run_reporting(
      {.name = "unpacking",
       .program = inner_program("unpack-tar", {std::to_string(limits.size.count), std::to_string(limits.files)},
                                {{source.get(), 0}, {root.get(), 3}}),
       .limit = import_limit,
       .check = [&] { require_room(folder); }},
      report);
  for (const char* sign : {"manifest.json", "oci-layout"}) {
    if (std::filesystem::exists(std::filesystem::symlink_status(folder / "rootfs" / sign))) {
      throw Error(ErrorKind::invalid_argument,
                  "the archive holds a container image, not a file system; import it as an OCI layout");
    }
  }
  return {};
}

wire::ImageStatus import_oci(const Descriptor& source, const path& folder, const UnpackLimits& limits,
                             const ReportProgress& report) {
  if (type_of(source) != S_IFDIR) {
    throw Error(ErrorKind::invalid_argument, "the descriptor of an OCI layout must be a folder");
  }
  const path layout = folder / "layout";
  const path bundle = folder / "bundle";
  report({.fraction = 0.05, .note = "copying layers"});
  const wire::ImageStatus status = copy_oci_layout(source, layout, limits.size);
  report({.fraction = 0.2, .note = "unpacking layers"});
  const SpaceWatch space(folder, limits);
  run_reporting({.name = "umoci",
                 .program = inner_program("unpack-oci", {layout.string(), bundle.string()}, {}),
                 .limit = import_limit,
                 .check = [&] { space.check_now(); },
                 .failure = ErrorKind::invalid_argument},
                report);
  report({.fraction = 0.9, .note = "keeping the image"});
  check(::rename((bundle / "rootfs").c_str(), (folder / "rootfs").c_str()), "keep an image");
  remove_tree(bundle);
  remove_tree(layout);
  return status;
}

Bytes tidy_tree(const path& tree) {
  Bytes size;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree)) {
    struct stat state{};
    if (::lstat(entry.path().c_str(), &state) != 0) {
      continue;
    }
    size.count += static_cast<std::uint64_t>(state.st_blocks) * 512;
    if (S_ISCHR(state.st_mode) || S_ISBLK(state.st_mode) || S_ISFIFO(state.st_mode) || S_ISSOCK(state.st_mode)) {
      check(::unlink(entry.path().c_str()), "remove a device from an image");
    }
  }
  return size;
}

}  // namespace berth::warden
