// SPDX-License-Identifier: Apache-2.0
#include "agent/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/descriptor.h"

namespace berth::agent {

std::string read_small_file(const char* path, std::size_t limit) {
  const Descriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {};
  }
  std::string text;
  std::array<char, 4096> part;
  while (text.size() < limit) {
    const ssize_t count = ::read(file.get(), part.data(), std::min(part.size(), limit - text.size()));
    if (count <= 0) {
      break;
    }
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace berth::agent
