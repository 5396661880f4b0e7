// SPDX-License-Identifier: Apache-2.0
#pragma once

// What SFTP wants of files and no system call does alone. As system calls do, they return -1 with errno at a fault.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/sftp_wire.h"

namespace berth::agent {

// Whose attributes to set: of what a path leads to, of the link it may be, or of something open (no path).
struct SftpTarget {
  int open = -1;
  std::optional<std::string> path;
  bool follows_link = true;
};

// Sets those that are given, all of them even if one fails; errno is that of the first.
int set_attributes(const SftpTarget& target, const SftpAttributes& attributes);

// Fails with EEXIST if something is at `to`.
int rename_to_new(const std::string& from, const std::string& to);

// Absolute and without links; the last part need not exist.
std::optional<std::string> find_real_path(const std::string& path);

// At most `count` bytes, fewer at the end of the file.
ssize_t read_at(int file, char* into, std::size_t count, std::uint64_t offset);
// All of them.
int write_at(int file, std::string_view bytes, std::uint64_t offset);

struct SftpCopy {
  int from = -1;
  std::uint64_t from_offset = 0;
  std::uint64_t length = 0;  // 0: to the end of the file
  int to = -1;
  std::uint64_t to_offset = 0;
};
// Fails with EINVAL if both are one file.
int copy_data(SftpCopy copy);

}  // namespace berth::agent
