// SPDX-License-Identifier: Apache-2.0
#include "agent/replacement.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "agent/folder.h"
#include "base/error.h"
#include "base/ids.h"

namespace berth::agent {

Replacement::Replacement(int folder, std::string name)
    : folder_(folder), name_(std::move(name)), temporary_(".berth-" + random_name(16)) {}

Replacement::~Replacement() {
  if (exists_) {
    ::unlinkat(folder_, temporary_.c_str(), 0);
  }
}

void Replacement::make_file() {
  file_ = Descriptor(::openat(folder_, temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_) {
    fail("write", name_);
  }
  exists_ = true;
}

void Replacement::put_in_place() {
  if (::renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0) {
    fail("replace", name_);
  }
  exists_ = false;
}

void write_all(int descriptor, const char* bytes, std::size_t count, const std::string& name) {
  while (count > 0) {
    const ssize_t written = ::write(descriptor, bytes, count);
    if (written < 0 && errno != EINTR) {
      fail("write", name);
    }
    if (written > 0) {
      bytes += written;
      count -= static_cast<std::size_t>(written);
    }
  }
}

}  // namespace berth::agent
