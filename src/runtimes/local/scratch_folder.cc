// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/scratch_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/ids.h"

namespace berth::runtimes::local {
namespace {

constexpr const char* prefix = "scratch-";

}  // namespace

ScratchFolder::ScratchFolder(const std::filesystem::path& parent) : path_(parent / (prefix + random_name(20))) {
  std::error_code ignored;  // mkdir says it better
  std::filesystem::create_directories(parent, ignored);
  if (mkdir(path_.c_str(), 0700) != 0) {
    throw Error(ErrorKind::unavailable,
                "no folder for images can be made in '" + parent.string() + "': " + std::strerror(errno));
  }
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // remove_leftovers() tries again
  std::filesystem::remove_all(path_, ignored);
}

Bytes ScratchFolder::size() const {
  Bytes sum;
  std::error_code fault;
  for (auto file = std::filesystem::recursive_directory_iterator(path_, fault);
       !fault && file != std::filesystem::recursive_directory_iterator(); file.increment(fault)) {
    std::error_code gone;
    if (file->is_regular_file(gone)) {
      const auto size = file->file_size(gone);
      sum.count += gone ? 0 : size;
    }
  }
  return sum;
}

Descriptor ScratchFolder::open(const std::string& name) const {
  Descriptor folder(::open((path_ / name).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) {
    throw Error(ErrorKind::unavailable, std::string("an image's folder cannot be opened: ") + std::strerror(errno));
  }
  return folder;
}

void ScratchFolder::remove_leftovers(const std::filesystem::path& parent) {
  std::error_code fault;
  for (auto entry = std::filesystem::directory_iterator(parent, fault);
       !fault && entry != std::filesystem::directory_iterator(); entry.increment(fault)) {
    if (entry->path().filename().string().starts_with(prefix)) {
      std::error_code ignored;
      std::filesystem::remove_all(entry->path(), ignored);
    }
  }
}

}  // namespace berth::runtimes::local
