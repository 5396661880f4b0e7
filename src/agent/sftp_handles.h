// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dirent.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

#include "base/descriptor.h"

namespace berth::agent {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

// What a client has open: a bounded number of files and folders. A number is not given again while others are left, so
// that a handle which was closed means nothing. The methods that take a handle throw Error{conflict} if there is none.
class SftpHandles {
 public:
  static constexpr std::size_t most = 256;

  // Throws Error{exhausted} if there is no room for one more. Call it before something is opened.
  void require_room() const;
  std::uint32_t add(Descriptor file);
  std::uint32_t add(OpenFolder folder);
  int file(std::string_view handle) const;        // of a file
  DIR* folder(std::string_view handle) const;     // of a folder
  int descriptor(std::string_view handle) const;  // of either
  void close(std::string_view handle);
  std::size_t size() const { return open_.size(); }

 private:
  struct Handle {
    Descriptor file;
    OpenFolder folder;  // one of the two
  };

  std::uint32_t add(Handle handle);
  std::map<std::uint32_t, Handle>::const_iterator find(std::string_view handle) const;

  std::map<std::uint32_t, Handle> open_;
  std::uint32_t next_ = 1;
};

}  // namespace berth::agent
