// SPDX-License-Identifier: Apache-2.0
#include "warden/commit_layer.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <map>

#include "warden/disk.h"
#include "warden/layer_attributes.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::uint64_t entries_between_looks = 256;

// Only what is not a hole, so that a sparse file takes no more room than it did.
void copy_data(const Descriptor& from, const Descriptor& to, off_t size) {
  check(::ftruncate(to.get(), size), "copy a file of the layer");
  for (off_t at = 0; at < size;) {
    off_t data = ::lseek(from.get(), at, SEEK_DATA);
    if (data < 0) {
      return;  // only a hole is left
    }
    at = check(::lseek(from.get(), data, SEEK_HOLE), "copy a file of the layer");
    check(::lseek(to.get(), data, SEEK_SET), "copy a file of the layer");
    while (data < at) {
      const ssize_t copied = ::sendfile(to.get(), from.get(), &data, static_cast<std::size_t>(at - data));
      if (check(copied, "copy a file of the layer") == 0) {
        throw Error(ErrorKind::internal, "a file of the layer is shorter than it was");
      }
    }
  }
}

void copy_file(const path& from, const path& to, const struct stat& state) {
  const Descriptor source(check(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC), "read a file of the layer"));
  const Descriptor copy(check(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), "copy a file"));
  copy_data(source, copy, state.st_size);
}

void copy_link(const path& from, const path& to) {
  std::string target(4096, '\0');
  const ssize_t size = check(::readlink(from.c_str(), target.data(), target.size() - 1), "read a link of the layer");
  target.resize(static_cast<std::size_t>(size));
  check(::symlink(target.c_str(), to.c_str()), "copy a link of the layer");
}

bool is_whiteout(const struct stat& state) { return S_ISCHR(state.st_mode) && state.st_rdev == ::makedev(0, 0); }

class LayerCopy {
 public:
  LayerCopy(UidRange owner, const UnpackLimits& limits, path destination)
      : owner_(owner), limits_(limits), destination_(std::move(destination)) {}

  Bytes run(const path& upper) {
    struct stat state{};
    check(::lstat(upper.c_str(), &state), "look at the layer");
    copy_children(upper, destination_);
    finish(upper, destination_, state);
    return size_;
  }

 private:
  void copy_children(const path& from, const path& to) {
    const bool is_top = to == destination_;
    for (const auto& entry : std::filesystem::directory_iterator(from)) {
      // What the warden put there is not the instance's.
      if (!is_top || entry.path().filename() != ".berth") {
        copy(entry.path(), to / entry.path().filename());
      }
    }
  }

  void copy(const path& from, const path& to) {
    struct stat state{};
    check(::lstat(from.c_str(), &state), "look at a file of the layer");
    count(state);
    const mode_t type = state.st_mode & S_IFMT;
    if (is_whiteout(state)) {
      check(::mknod(to.c_str(), S_IFCHR, ::makedev(0, 0)), "copy what hides a file");
      return;
    }
    if (state.st_nlink > 1 && type != S_IFDIR) {
      const auto [first, is_new] = first_names_.emplace(state.st_ino, to);
      if (!is_new) {
        check(::link(first->second.c_str(), to.c_str()), "copy a file with several names");
        return;
      }
    }
    if (type == S_IFDIR) {
      check(::mkdir(to.c_str(), 0700), "copy a folder of the layer");
      copy_children(from, to);
    } else if (type == S_IFREG) {
      copy_file(from, to, state);
    } else if (type == S_IFLNK) {
      copy_link(from, to);
    } else if (type == S_IFIFO || type == S_IFSOCK) {
      check(::mknod(to.c_str(), type | 0600, 0), "copy a pipe or socket of the layer");
    } else {
      throw Error(ErrorKind::conflict, "the instance's disk holds a device, which no image may");
    }
    finish(from, to, state);
  }

  // In this order: a new owner takes the mode's special bits and capabilities away.
  void finish(const path& from, const path& to, const struct stat& state) {
    check(::lchown(to.c_str(), owner_.inside(state.st_uid), owner_.inside(state.st_gid)), "give a file its owner");
    if (!S_ISLNK(state.st_mode)) {
      check(::chmod(to.c_str(), state.st_mode & 07777), "give a file its mode");
    }
    copy_attributes(from, to, owner_);
    const timespec times[] = {state.st_atim, state.st_mtim};
    check(::utimensat(AT_FDCWD, to.c_str(), times, AT_SYMLINK_NOFOLLOW), "give a file its times");
  }

  void count(const struct stat& state) {
    size_.count += static_cast<std::uint64_t>(state.st_blocks) * 512;
    if (size_ > limits_.size) {
      throw Error(ErrorKind::too_large, "the layer takes more than " + format_bytes(limits_.size));
    }
    if (++files_ > limits_.files) {
      throw Error(ErrorKind::too_large, "the layer holds more than " + std::to_string(limits_.files) + " files");
    }
    if (files_ % entries_between_looks == 1) {
      require_room(destination_);
    }
  }

  const UidRange owner_;
  const UnpackLimits limits_;
  const path destination_;
  std::map<ino_t, path> first_names_;  // of files with several
  Bytes size_;
  std::uint64_t files_ = 0;
};

}  // namespace

Bytes copy_layer(const path& upper, const path& layer, UidRange owner, const UnpackLimits& limits) {
  try {
    return LayerCopy(owner, limits, layer).run(upper);
  } catch (const std::filesystem::filesystem_error& fault) {
    throw_errno("read the layer", fault.code().value());
  }
}

}  // namespace berth::warden
