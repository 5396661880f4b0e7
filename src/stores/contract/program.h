// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace berth::stores::contract {

// A directory that goes, with all that is in it, at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A child process, killed at the end if it still runs. It dies with the thread that started it.
class Program {
 public:
  // arguments[0] is the program. Its standard output and error can be read from output().
  explicit Program(const std::vector<std::string>& arguments);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The next line of its output, without the line feed; false at the end of it. Throws when it says nothing for longer
  // than a program should that is waited for.
  bool read_line(std::string& line);
  // Reads, and drops, all output until its end.
  void drain();
  void signal(int number) const;
  // Its exit status, as of waitpid; waits for its end.
  int wait();

 private:
  bool read_more(int milliseconds);

  pid_t process_ = -1;
  Descriptor output_;
  std::string unread_;
};

}  // namespace berth::stores::contract
