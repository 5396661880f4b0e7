// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"

namespace berth::warden {

// A program to run. It gets no descriptor but those named here, and no environment of ours.
struct Program {
  std::vector<std::string> command;
  std::vector<std::pair<int, int>> descriptors;  // ours, and its number there; 0, 1, 2 are /dev/null unless named
  std::vector<std::string> environment;          // added to PATH and LANG
  bool outlives_us = false;                      // else it is killed when the thread that started it ends
};

// A running child process. Started by vfork and exec, so threads may hold locks meanwhile. Lives until waited for; its
// destructor kills it. The child has the mounts and namespaces of the thread that started it.
class Child {
 public:
  explicit Child(const Program& program);
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  // Its exit code, 128 + signal if one ended it. Throws Error{timed_out} after killing it.
  int wait(Milliseconds limit);
  void kill() const;

 private:
  pid_t pid_ = -1;
  Descriptor pidfd_;
};

// Runs to the end and returns the exit code.
int run(const Program& program, Milliseconds limit);
// The same; also collects at most 64 KiB of what it prints.
int run(Program program, Milliseconds limit, std::string& output);

// The pidfd of a process; empty if there is none of that number. Readable once the process has ended.
Descriptor open_process(pid_t pid);
// SIGKILL; one that has ended is no fault.
void kill_process(int pidfd);

// Whether `descriptor` became readable within the limit.
bool wait_readable(int descriptor, Milliseconds limit);

}  // namespace berth::warden
