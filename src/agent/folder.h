// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace berth::agent {

// The parts of a name that an archive gives, without empty and "." ones; none for the folder itself. Throws
// Error{invalid_argument} naming the entry if it is absolute, has a "..", or is longer than the kernel takes.
std::vector<std::string> name_parts(const std::string& name);

// One folder below which an archive is unpacked. Never follows a link below it, whoever made the link, and when.
class Folder {
 public:
  explicit Folder(const std::string& path);  // throws Error if it is none

  // The folder that holds the last of `parts` (not empty), making missing ones. `entry` is for the message: throws
  // Error if one of them is a link or not a folder.
  Descriptor open_parent(const std::vector<std::string>& parts, const std::string& entry) const;
  // The folder `parts` itself, which must exist.
  Descriptor open(const std::vector<std::string>& parts, const std::string& entry) const;

 private:
  Descriptor walk(const std::vector<std::string>& parts, std::size_t count, bool make, const std::string& entry) const;

  Descriptor descriptor_;
};

// Error{unavailable} with the sentence "cannot <doing> '<name>': <reason of errno>".
[[noreturn]] void fail(std::string_view doing, const std::string& name);

}  // namespace berth::agent
