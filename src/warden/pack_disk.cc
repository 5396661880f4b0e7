// SPDX-License-Identifier: Apache-2.0
#include "warden/pack_disk.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <memory>
#include <string>
#include <vector>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::size_t block_size = 256 * 1024;
constexpr std::size_t largest_attribute = 64 * 1024;

using Writer = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;
using Links = std::unique_ptr<archive_entry_linkresolver, decltype(&archive_entry_linkresolver_free)>;
using Folder = std::unique_ptr<DIR, decltype(&::closedir)>;

// Opens a name below the root without following a link or entering a mount.
Descriptor open_below(const Descriptor& root, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  const char* path = name.empty() ? "." : name.c_str();
  return Descriptor(static_cast<int>(::syscall(SYS_openat2, root.get(), path, &how, sizeof how)));
}

std::vector<std::string> names_in(const Descriptor& folder) {
  std::vector<std::string> names;
  const int copy = ::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0);
  const Folder listing(::fdopendir(copy), ::closedir);
  if (!listing) {
    ::close(copy);
    return names;
  }
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

class Packing {
 public:
  Packing(const Descriptor& root, int output)
      : root_(root),
        writer_(archive_write_new(), archive_write_free),
        links_(archive_entry_linkresolver_new(), archive_entry_linkresolver_free) {
    archive_write_set_format_pax_restricted(writer_.get());
    archive_write_set_bytes_per_block(writer_.get(), 10240);
    must(archive_write_open_fd(writer_.get(), output));
    archive_entry_linkresolver_set_strategy(links_.get(), ARCHIVE_FORMAT_TAR_PAX_RESTRICTED);
  }

  void run() {
    pack_folder("");
    must(archive_write_close(writer_.get()));
  }

 private:
  // The reader went away, or there is no memory: nothing more can be done.
  void must(int result) {
    if (result < ARCHIVE_WARN) {
      throw Error(ErrorKind::unavailable, "the tar cannot be written on");
    }
  }

  void pack_folder(const std::string& name) {
    const Descriptor folder = open_below(root_, name, O_RDONLY | O_DIRECTORY);
    if (!folder) {
      return;  // another mount, or gone meanwhile
    }
    for (const std::string& child : names_in(folder)) {
      // What the warden put there is not the instance's.
      if (name.empty() && child == ".berth") {
        continue;
      }
      pack(folder, name.empty() ? child : name + "/" + child, child);
    }
  }

  void pack(const Descriptor& folder, const std::string& name, const std::string& child) {
    struct stat state{};
    if (::fstatat(folder.get(), child.c_str(), &state, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
      return;
    }
    const Entry entry(archive_entry_new(), archive_entry_free);
    archive_entry_copy_stat(entry.get(), &state);
    archive_entry_copy_pathname(entry.get(), name.c_str());
    if (S_ISDIR(state.st_mode)) {
      must(archive_write_header(writer_.get(), entry.get()));
      pack_folder(name);
    } else if (S_ISLNK(state.st_mode)) {
      pack_link(folder, child, entry.get());
    } else if (S_ISREG(state.st_mode)) {
      pack_file(name, entry.get());
    }
  }

  void pack_link(const Descriptor& folder, const std::string& child, archive_entry* entry) {
    char target[4096];
    const ssize_t size = ::readlinkat(folder.get(), child.c_str(), target, sizeof target - 1);
    if (size >= 0) {
      target[size] = '\0';
      archive_entry_copy_symlink(entry, target);
      must(archive_write_header(writer_.get(), entry));
    }
  }

  void pack_file(const std::string& name, archive_entry* entry) {
    const Descriptor file = open_below(root_, name, O_RDONLY);
    struct stat state{};
    if (!file || ::fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode)) {
      return;
    }
    archive_entry_copy_stat(entry, &state);
    add_attributes(file, entry);
    archive_entry* now = entry;
    archive_entry* later = nullptr;
    archive_entry_linkify(links_.get(), &now, &later);
    must(archive_write_header(writer_.get(), now));
    if (archive_entry_hardlink(now) == nullptr) {
      copy_bytes(file, state.st_size);
    }
  }

  // Exactly as many as the header says, whatever the file's size is by now.
  void copy_bytes(const Descriptor& file, off_t size) {
    buffer_.resize(block_size);
    for (off_t at = 0; at < size;) {
      const auto wanted = static_cast<std::size_t>(std::min<off_t>(size - at, block_size));
      ssize_t got = ::read(file.get(), buffer_.data(), wanted);
      if (got <= 0) {
        std::fill_n(buffer_.begin(), wanted, '\0');
        got = static_cast<ssize_t>(wanted);
      }
      if (archive_write_data(writer_.get(), buffer_.data(), static_cast<std::size_t>(got)) < 0) {
        must(ARCHIVE_FATAL);
      }
      at += got;
    }
  }

  void add_attributes(const Descriptor& file, archive_entry* entry) {
    std::string names(largest_attribute, '\0');
    const ssize_t size = ::flistxattr(file.get(), names.data(), names.size());
    for (ssize_t at = 0; at < size;) {
      const std::string name = names.c_str() + at;
      at += static_cast<ssize_t>(name.size()) + 1;
      if (name != "security.capability" && !name.starts_with("user.")) {
        continue;
      }
      std::string value(largest_attribute, '\0');
      const ssize_t length = ::fgetxattr(file.get(), name.c_str(), value.data(), value.size());
      if (length >= 0) {
        archive_entry_xattr_add_entry(entry, name.c_str(), value.data(), static_cast<std::size_t>(length));
      }
    }
  }

  const Descriptor& root_;
  Writer writer_;
  Links links_;
  std::vector<char> buffer_;
};

}  // namespace

void pack_tree(const Descriptor& root, int output) { Packing(root, output).run(); }

void pack_disk_main() {
  // Names need not be UTF-8, but those that are shall stay so. Loaded before anything of the instance can be near.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const Descriptor root(3);
  check(::setns(4, CLONE_NEWUSER), "enter the instance's user namespace");
  ::close(4);
  check(::setgroups(0, nullptr), "become the instance's root");
  check(::setresgid(0, 0, 0), "become the instance's root");
  check(::setresuid(0, 0, 0), "become the instance's root");
  pack_tree(root, 1);
}

}  // namespace berth::warden
