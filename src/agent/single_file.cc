// SPDX-License-Identifier: Apache-2.0
#include "agent/single_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/folder.h"
#include "agent/replacement.h"
#include "agent/standard_streams.h"
#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::size_t part_size = 64 * 1024;

}  // namespace

void read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) {
    fail("read", path);
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::invalid_argument, "'" + path.substr(0, 512) + "' is not a regular file");
  }
  std::array<char, part_size> part;
  while (true) {
    const ssize_t count = ::read(file.get(), part.data(), part.size());
    if (count == 0) {
      return;
    }
    if (count > 0) {
      write_all(STDOUT_FILENO, part.data(), static_cast<std::size_t>(count), "standard output");
    } else if (errno != EINTR) {
      fail("read", path);
    }
  }
}

void write_file(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string folder_path = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (name.empty() || name == "." || name == "..") {
    throw Error(ErrorKind::invalid_argument, "'" + path.substr(0, 512) + "' does not name a file");
  }
  const Descriptor folder(::open(folder_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    fail("open the folder", folder_path);
  }
  struct stat before{};
  const bool existed = ::fstatat(folder.get(), name.c_str(), &before, AT_SYMLINK_NOFOLLOW) == 0;
  if (existed && S_ISDIR(before.st_mode)) {
    throw Error(ErrorKind::invalid_argument, "'" + path.substr(0, 512) + "' is a folder");
  }
  interrupt_reading_on_signals();
  Replacement file(folder.get(), name);
  file.make_file();
  std::array<char, part_size> part;
  ssize_t count = 0;
  while ((count = read_input(part.data(), part.size())) > 0) {
    write_all(file.file(), part.data(), static_cast<std::size_t>(count), path);
  }
  if (count < 0) {
    fail("read what was sent for", path);
  }
  const bool keeps = existed && S_ISREG(before.st_mode);
  if (keeps) {
    (void)!::fchown(file.file(), before.st_uid, before.st_gid);  // without the right to, it becomes the writer's
  }
  if (::fchmod(file.file(), keeps ? before.st_mode & 0777 : 0644) != 0) {
    fail("write", path);
  }
  file.put_in_place();
}

}  // namespace berth::agent
