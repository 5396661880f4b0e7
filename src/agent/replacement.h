// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/descriptor.h"

namespace berth::agent {

// A file, link or hard link on its way to the place of `name` in a folder: made beside it under another name, then put
// there in one step. Removed again if it is not put there.
class Replacement {
 public:
  // `folder` is borrowed. Nothing exists yet.
  Replacement(int folder, std::string name);
  ~Replacement();
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  // Makes the file, empty and readable by its owner only. Throws Error.
  void make_file();
  // Tell that something was made at temporary_name().
  void made() { exists_ = true; }
  const char* temporary_name() const { return temporary_.c_str(); }
  int file() const { return file_.get(); }
  // Throws Error if a folder is in the way.
  void put_in_place();

 private:
  int folder_;
  std::string name_;
  std::string temporary_;
  Descriptor file_;
  bool exists_ = false;
};

// Writes all of it, or throws Error.
void write_all(int descriptor, const char* bytes, std::size_t count, const std::string& name);

}  // namespace berth::agent
