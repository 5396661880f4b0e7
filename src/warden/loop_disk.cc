// SPDX-License-Identifier: Apache-2.0
#include "warden/loop_disk.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "base/ids.h"
#include "warden/mount_namespace.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

Descriptor open_file(const path& file, int flags, mode_t mode = 0600) {
  return Descriptor(check(::open(file.c_str(), flags | O_CLOEXEC, mode), "open " + file.filename().string()));
}

void format(const path& file, Bytes size) {
  const Descriptor image = open_file(file, O_RDWR | O_CREAT | O_EXCL);
  check(::ftruncate(image.get(), static_cast<off_t>(size.count)), "size a disk");
  // No reserved blocks: root inside is not root outside. Nothing is zeroed that a sparse file holds as zero already.
  const int code = run({.command = {"mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-i", "8192", "-E",
                                    "lazy_itable_init=1,lazy_journal_init=1,nodiscard", file.string()}},
                       std::chrono::minutes(2));
  if (code != 0) {
    throw Error(ErrorKind::unavailable, "mkfs.ext4 failed; install e2fsprogs and check the disk of the host");
  }
}

path template_of(Bytes size, const path& templates) {
  const path kept = templates / ("ext4-" + std::to_string(size.count));
  if (!std::filesystem::exists(kept)) {
    const path fresh = templates / (".fresh-" + random_name(8));
    try {
      format(fresh, size);
      check(::rename(fresh.c_str(), kept.c_str()), "keep a disk template");
    } catch (...) {
      ::unlink(fresh.c_str());
      throw;
    }
  }
  return kept;
}

void copy_range(int from, int to, off_t at, off_t end) {
  while (at < end) {
    off_t in = at;
    off_t out = at;
    const ssize_t copied = ::copy_file_range(from, &in, to, &out, static_cast<std::size_t>(end - at), 0);
    if (check(copied, "copy a disk") == 0) {
      throw Error(ErrorKind::internal, "a disk template is shorter than it was");
    }
    at += copied;
  }
}

void copy_sparse(const path& from_file, const path& to_file) {
  const Descriptor from = open_file(from_file, O_RDONLY);
  const Descriptor to = open_file(to_file, O_WRONLY | O_CREAT | O_TRUNC);
  if (::ioctl(to.get(), FICLONE, from.get()) == 0) {
    return;
  }
  const off_t size = check(::lseek(from.get(), 0, SEEK_END), "copy a disk");
  check(::ftruncate(to.get(), size), "copy a disk");
  for (off_t at = 0; at < size;) {
    const off_t data = ::lseek(from.get(), at, SEEK_DATA);
    if (data < 0) {
      break;  // only a hole is left
    }
    at = check(::lseek(from.get(), data, SEEK_HOLE), "copy a disk");
    copy_range(from.get(), to.get(), data, at);
  }
}

bool is_attached(const path& image) {
  struct stat wanted{};
  check(::stat(image.c_str(), &wanted), "look at a disk");
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
    const std::optional<std::string> backing = read_file_if_there(entry.path() / "loop/backing_file", 4096);
    struct stat state{};
    if (backing && ::stat(backing->substr(0, backing->find('\n')).c_str(), &state) == 0 &&
        state.st_dev == wanted.st_dev && state.st_ino == wanted.st_ino) {
      return true;
    }
  }
  return false;
}

void wait_until_detached(const path& image) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (is_attached(image)) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorKind::conflict, "the instance's disk is still in use; try again in a moment");
    }
    ::poll(nullptr, 0, 20);  // the kernel gives no event for it
  }
}

// Two of us may be offered the same free device; the second to configure it asks again.
Descriptor attach(const Descriptor& image, std::string& device_name) {
  const Descriptor control = open_file("/dev/loop-control", O_RDWR);
  for (int attempt = 0; attempt < 64; ++attempt) {
    const int number = check(::ioctl(control.get(), LOOP_CTL_GET_FREE), "get a loop device");
    device_name = "/dev/loop" + std::to_string(number);
    Descriptor device = open_file(device_name, O_RDWR);
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(image.get());
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) {
      return device;
    }
    if (errno != EBUSY) {
      throw_errno("set up a loop device");
    }
  }
  throw Error(ErrorKind::exhausted, "no loop device is free on the host");
}

}  // namespace

bool make_loop_image(const path& image, Bytes size, const path& templates) {
  if (std::filesystem::exists(image)) {
    wait_until_detached(image);
    return false;
  }
  const path fresh = image.parent_path() / ".disk.fresh";
  copy_sparse(template_of(size, templates), fresh);
  check(::rename(fresh.c_str(), image.c_str()), "keep a disk");
  return true;
}

void mount_loop(const path& image, const path& folder) {
  const Descriptor file = open_file(image, O_RDWR);
  std::string device_name;
  const Descriptor device = attach(file, device_name);
  mount_at(device_name.c_str(), folder, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME, "discard,errors=remount-ro");
}

}  // namespace berth::warden
