// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace berth::agent {
namespace {

int set_size(const SftpTarget& target, std::uint64_t size) {
  const auto length = static_cast<off_t>(size);
  if (!target.path) {
    return ::ftruncate(target.open, length);
  }
  if (!target.follows_link) {
    errno = EINVAL;
    return -1;
  }
  return ::truncate(target.path->c_str(), length);
}

int set_owner(const SftpTarget& target, const SftpOwner& owner) {
  if (!target.path) {
    return ::fchown(target.open, owner.user, owner.group);
  }
  return ::fchownat(AT_FDCWD, target.path->c_str(), owner.user, owner.group,
                    target.follows_link ? 0 : AT_SYMLINK_NOFOLLOW);
}

int set_mode(const SftpTarget& target, std::uint32_t mode) {
  if (!target.path) {
    return ::fchmod(target.open, mode & 07777);
  }
  return ::fchmodat(AT_FDCWD, target.path->c_str(), mode & 07777, target.follows_link ? 0 : AT_SYMLINK_NOFOLLOW);
}

int set_times(const SftpTarget& target, const SftpTimes& times) {
  const std::array<timespec, 2> both = {
      {{.tv_sec = times.accessed, .tv_nsec = 0}, {.tv_sec = times.modified, .tv_nsec = 0}}};
  if (!target.path) {
    return ::futimens(target.open, both.data());
  }
  return ::utimensat(AT_FDCWD, target.path->c_str(), both.data(), target.follows_link ? 0 : AT_SYMLINK_NOFOLLOW);
}

std::optional<std::string> resolve(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? std::optional<std::string>(real.get()) : std::nullopt;
}

bool is_one_file(int one, int other) {
  struct stat first{};
  struct stat second{};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace

// The owner before the mode, for a change of owner takes the setuid bits away; the times after the size, which changes
// them.
int set_attributes(const SftpTarget& target, const SftpAttributes& attributes) {
  int fault = 0;
  const auto note = [&](int result) { fault = result != 0 && fault == 0 ? errno : fault; };
  if (attributes.size) {
    note(set_size(target, *attributes.size));
  }
  if (attributes.owner) {
    note(set_owner(target, *attributes.owner));
  }
  if (attributes.mode) {
    note(set_mode(target, *attributes.mode));
  }
  if (attributes.times) {
    note(set_times(target, *attributes.times));
  }
  errno = fault;
  return fault == 0 ? 0 : -1;
}

int rename_to_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    return 0;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    return -1;
  }
  struct stat status{};  // a file system that does not know the flag
  if (::lstat(to.c_str(), &status) == 0) {
    errno = EEXIST;
    return -1;
  }
  return ::rename(from.c_str(), to.c_str());
}

std::optional<std::string> find_real_path(const std::string& path) {
  auto real = resolve(path);
  if (real || errno != ENOENT) {
    return real;
  }
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    errno = ENOENT;
    return std::nullopt;
  }
  real = resolve(slash == std::string::npos ? "." : path.substr(0, slash + 1));
  if (real) {
    *real += (real->ends_with('/') ? "" : "/") + name;
  }
  return real;
}

ssize_t read_at(int file, char* into, std::size_t count, std::uint64_t offset) {
  ssize_t result = 0;
  do {
    result = ::pread(file, into, count, static_cast<off_t>(offset));
  } while (result < 0 && errno == EINTR);
  return result;
}

int write_at(int file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return -1;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return 0;
}

int copy_data(SftpCopy copy) {
  if (is_one_file(copy.from, copy.to)) {
    errno = EINVAL;
    return -1;
  }
  const bool to_the_end = copy.length == 0;
  std::array<char, 64 * 1024> part;
  while (to_the_end || copy.length > 0) {
    const std::size_t most =
        to_the_end ? part.size() : static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), copy.length));
    const ssize_t count = read_at(copy.from, part.data(), most, copy.from_offset);
    if (count <= 0) {
      return static_cast<int>(count);
    }
    const auto size = static_cast<std::size_t>(count);
    if (write_at(copy.to, {part.data(), size}, copy.to_offset) != 0) {
      return -1;
    }
    copy.from_offset += size;
    copy.to_offset += size;
    copy.length -= to_the_end ? 0 : size;
  }
  return 0;
}

}  // namespace berth::agent
