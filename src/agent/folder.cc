// SPDX-License-Identifier: Apache-2.0
#include "agent/folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "base/error.h"

namespace berth::agent {

void fail(std::string_view doing, const std::string& name) {
  const std::string reason = std::strerror(errno);
  throw Error(ErrorKind::unavailable, "cannot " + std::string(doing) + " '" + name.substr(0, 512) + "': " + reason);
}

std::vector<std::string> name_parts(const std::string& name) {
  const auto refuse = [&](const char* why) {
    throw Error(ErrorKind::invalid_argument, "the entry '" + name.substr(0, 512) + "' " + why);
  };
  if (name.empty()) {
    refuse("has no name");
  }
  if (name.front() == '/') {
    refuse("has an absolute name");
  }
  if (name.size() >= PATH_MAX) {
    refuse("has too long a name");
  }
  std::vector<std::string> parts;
  std::string_view rest = name;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size() + (part.size() < rest.size() ? 1 : 0));
    if (part == "..") {
      refuse("has '..' in its name");
    }
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

Folder::Folder(const std::string& path) : descriptor_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!descriptor_) {
    fail("open the folder", path);
  }
}

Descriptor Folder::open_parent(const std::vector<std::string>& parts, const std::string& entry) const {
  return walk(parts, parts.size() - 1, true, entry);
}

Descriptor Folder::open(const std::vector<std::string>& parts, const std::string& entry) const {
  return walk(parts, parts.size(), false, entry);
}

Descriptor Folder::walk(const std::vector<std::string>& parts, std::size_t count, bool make,
                        const std::string& entry) const {
  constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Descriptor at(::openat(descriptor_.get(), ".", flags));
  for (std::size_t index = 0; at && index < count; ++index) {
    const char* part = parts[index].c_str();
    Descriptor next(::openat(at.get(), part, flags));
    if (!next && errno == ENOENT && make && (::mkdirat(at.get(), part, 0755) == 0 || errno == EEXIST)) {
      next = Descriptor(::openat(at.get(), part, flags));
    }
    if (!next && (errno == ENOTDIR || errno == ELOOP)) {
      struct stat status{};
      const bool link = ::fstatat(at.get(), part, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
      throw Error(ErrorKind::invalid_argument, "the entry '" + entry.substr(0, 512) +
                                                   "' would be written through the " + (link ? "link '" : "file '") +
                                                   parts[index].substr(0, 256) + "'");
    }
    at = std::move(next);
  }
  if (!at) {
    fail("write", entry);
  }
  return at;
}

}  // namespace berth::agent
