// SPDX-License-Identifier: Apache-2.0
#include "agent/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "agent/folder.h"
#include "agent/say.h"
#include "base/error.h"

namespace berth::agent {
namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;
using FolderStream = std::unique_ptr<DIR, decltype(&::closedir)>;

// File systems that are a view of the kernel: their files have no end, or no meaning elsewhere.
bool is_kernel_view(int folder) {
  constexpr std::array<long, 8> kinds = {PROC_SUPER_MAGIC,   SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                                         DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,      BPF_FS_MAGIC};
  struct statfs status{};
  return ::fstatfs(folder, &status) == 0 && std::ranges::find(kinds, status.f_type) != kinds.end();
}

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const FolderStream stream(own < 0 ? nullptr : ::fdopendir(own), ::closedir);
  if (!stream) {
    return names;
  }
  while (const dirent* entry = ::readdir(stream.get())) {
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
  Packing();
  // `name` is what the top is called in the archive.
  void pack_file(const std::string& path, const std::string& name);
  void pack_tree(const std::string& path, const std::string& name);
  // Throws Error if something could not be read.
  void finish();

 private:
  void add_folder(const Folder& top, const std::vector<std::string>& parts, const std::string& name);
  void add(int folder, const std::string& file, const std::string& name);
  void add_file(int folder, const std::string& file, const std::string& name, const struct stat& status);
  void write_header(const std::string& name, const struct stat& status, const char* link, const char* hard_link);
  void write_bytes(const Descriptor& file, const std::string& name, off_t size);
  void note(const std::string& name);

  struct Pending {
    std::vector<std::string> parts;
    std::string name;
  };

  Archive archive_;
  std::vector<Pending> pending_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  // files with several names, and the first of them
  std::string first_fault_;
  std::size_t faults_ = 0;
  std::size_t left_out_ = 0;
};

Packing::Packing() : archive_(archive_write_new(), archive_write_free) {
  archive_write_set_format_pax_restricted(archive_.get());
  archive_write_set_bytes_per_block(archive_.get(), 32 * 1024);
  archive_write_set_bytes_in_last_block(archive_.get(), 1);
  if (archive_write_open_fd(archive_.get(), STDOUT_FILENO) != ARCHIVE_OK) {
    throw Error(ErrorKind::unavailable, "cannot begin the tar stream");
  }
}

void Packing::pack_file(const std::string& path, const std::string& name) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    fail("read", path);
  }
  status.st_nlink = 1;  // it is alone in this archive
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::invalid_argument, "'" + path.substr(0, 512) + "' is neither a regular file nor a folder");
  }
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    fail("read", path);
  }
  write_header(name, status, nullptr, nullptr);
  write_bytes(file, name, status.st_size);
}

void Packing::pack_tree(const std::string& path, const std::string& name) {
  const Folder top(path);
  pending_.push_back({.parts = {}, .name = name});
  while (!pending_.empty()) {
    const Pending next = std::move(pending_.back());
    pending_.pop_back();
    try {
      add_folder(top, next.parts, next.name);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::internal) {
        throw;
      }
      note(error.what());
    }
  }
}

void Packing::add_folder(const Folder& top, const std::vector<std::string>& parts, const std::string& name) {
  const Descriptor folder = top.open(parts, name);
  struct stat status{};
  if (::fstat(folder.get(), &status) != 0) {
    fail("read", name);
  }
  write_header(name, status, nullptr, nullptr);
  if (!parts.empty() && is_kernel_view(folder.get())) {
    return;
  }
  errno = 0;
  const std::vector<std::string> names = names_in(folder.get());
  if (names.empty() && errno != 0) {
    fail("read the folder", name);
  }
  for (const std::string& file : names) {
    struct stat found{};
    if (::fstatat(folder.get(), file.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode)) {
      pending_.push_back({.parts = parts, .name = name + "/" + file});
      pending_.back().parts.push_back(file);
    } else {
      add(folder.get(), file, name + "/" + file);
    }
  }
}

void Packing::add(int folder, const std::string& file, const std::string& name) {
  struct stat status{};
  if (::fstatat(folder, file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return;  // gone since it was listed
  }
  if (S_ISLNK(status.st_mode)) {
    std::array<char, PATH_MAX + 1> target{};
    if (::readlinkat(folder, file.c_str(), target.data(), PATH_MAX) > 0) {
      write_header(name, status, target.data(), nullptr);
    }
  } else if (S_ISREG(status.st_mode)) {
    add_file(folder, file, name, status);
  } else {
    ++left_out_;
  }
}

void Packing::add_file(int folder, const std::string& file, const std::string& name, const struct stat& status) {
  if (status.st_nlink > 1) {
    const auto [first, is_new] = linked_.emplace(std::pair(status.st_dev, status.st_ino), name);
    if (!is_new) {
      return write_header(name, status, nullptr, first->second.c_str());
    }
  }
  const Descriptor opened(::openat(folder, file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat now{};
  if (!opened || ::fstat(opened.get(), &now) != 0 || !S_ISREG(now.st_mode)) {
    linked_.erase({status.st_dev, status.st_ino});
    return note("cannot read '" + name.substr(0, 512) + "': " + std::strerror(errno));
  }
  write_header(name, now, nullptr, nullptr);
  write_bytes(opened, name, now.st_size);
}

void Packing::write_header(const std::string& name, const struct stat& status, const char* link,
                           const char* hard_link) {
  const Entry entry(archive_entry_new(), archive_entry_free);
  archive_entry_copy_stat(entry.get(), &status);
  archive_entry_set_pathname(entry.get(), name.c_str());
  if (link != nullptr) {
    archive_entry_set_symlink(entry.get(), link);
  }
  if (hard_link != nullptr) {
    archive_entry_set_hardlink(entry.get(), hard_link);
    archive_entry_set_size(entry.get(), 0);
  }
  if (archive_write_header(archive_.get(), entry.get()) < ARCHIVE_WARN) {
    const char* reason = archive_error_string(archive_.get());
    throw Error(ErrorKind::internal, "cannot write '" + name.substr(0, 512) +
                                         "' into the tar stream: " + (reason == nullptr ? "unknown" : reason));
  }
}

// Exactly `size` bytes are announced: a file that grows is cut, one that shrinks is filled up with zeros.
void Packing::write_bytes(const Descriptor& file, const std::string& name, off_t size) {
  std::array<char, 64 * 1024> part;
  while (size > 0) {
    const ssize_t count =
        ::read(file.get(), part.data(), std::min<std::size_t>(part.size(), static_cast<std::size_t>(size)));
    if (count < 0) {
      note("cannot read '" + name.substr(0, 512) + "': " + std::strerror(errno));
    }
    if (count <= 0) {
      return;
    }
    if (archive_write_data(archive_.get(), part.data(), static_cast<std::size_t>(count)) != count) {
      throw Error(ErrorKind::internal, "cannot write the tar stream");
    }
    size -= count;
  }
}

void Packing::note(const std::string& fault) {
  first_fault_ = faults_ == 0 ? fault : first_fault_;
  ++faults_;
}

void Packing::finish() {
  if (archive_write_close(archive_.get()) < ARCHIVE_WARN) {
    throw Error(ErrorKind::internal, "cannot end the tar stream");
  }
  if (faults_ > 0) {
    throw Error(ErrorKind::unavailable,
                first_fault_ + (faults_ > 1 ? ", and " + std::to_string(faults_ - 1) + " more" : std::string()));
  }
  if (left_out_ > 0) {
    say("left out " + std::to_string(left_out_) + " sockets, fifos or devices");
  }
}

// "/var/log/" is called "log" in the archive, "/" is ".", and ".." what it really is.
std::string name_of(const std::string& path) {
  const auto last_part = [](const std::string& text) {
    const std::size_t end = text.find_last_not_of('/');
    if (end == std::string::npos) {
      return std::string();
    }
    const std::size_t slash = text.rfind('/', end);
    const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
    return text.substr(begin, end + 1 - begin);
  };
  const std::string name = last_part(path);
  if (name != "." && name != "..") {
    return name.empty() ? "." : name;
  }
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), std::free);
  const std::string real_name = real ? last_part(real.get()) : std::string();
  return real_name.empty() ? "." : real_name;
}

}  // namespace

void pack(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    fail("read", path);
  }
  Packing packing;
  if (S_ISDIR(status.st_mode)) {
    packing.pack_tree(path, name_of(path));
  } else {
    packing.pack_file(path, name_of(path));
  }
  packing.finish();
}

}  // namespace berth::agent
