// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/descriptor.h"

namespace berth::runtimes::local {

struct ChildCommand {
  std::vector<std::string> words;        // the program, by name in PATH or path, and its arguments
  std::vector<std::string> environment;  // all of it: NAME=value
};

// A program that runs in a process group of its own, with no input and its output in a pipe. The destructor kills the
// group and waits for the program.
class ChildProcess {
 public:
  // Throws Error{unavailable} when it cannot be started.
  explicit ChildProcess(const ChildCommand& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Hands over its output, standard error included, line by line until both ends of the pipe are closed, then waits
  // for its end. Lines are cut at 4 KiB. Its exit code, or none if a signal ended it.
  async::Task<std::optional<int>> finish(std::function<void(std::string_view line)> on_line);

 private:
  int pid_ = -1;
  Descriptor process_;  // a pidfd
  Descriptor output_;
  bool ended_ = false;
};

}  // namespace berth::runtimes::local
