// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/descriptor.h"

namespace berth::runtimes::local {

// A new folder of a random name, which only our user may enter. The destructor removes it with all it has.
class ScratchFolder {
 public:
  // Makes it in `parent`, which is made too if it is missing. Throws Error{unavailable}.
  explicit ScratchFolder(const std::filesystem::path& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // What its files hold now.
  Bytes size() const;
  // A folder in it, opened for reading. Throws Error{unavailable}.
  Descriptor open(const std::string& name) const;

  // Removes what a process that was killed left in `parent`.
  static void remove_leftovers(const std::filesystem::path& parent);

 private:
  std::filesystem::path path_;
};

}  // namespace berth::runtimes::local
