// SPDX-License-Identifier: Apache-2.0
#include "warden/paused_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

// The child of a process with threads: nothing but system calls here.
[[noreturn]] __attribute__((no_sanitize("address", "thread", "undefined"))) void pause_for_ever() {
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) {
    ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
  }
}

}  // namespace

// Past the C library, which would run what it runs in children of fork.
PausedProcess::PausedProcess(int namespaces) {
  const long pid =
      ::syscall(SYS_clone, static_cast<unsigned long>(namespaces | SIGCHLD), nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) {
    pause_for_ever();
  }
  pid_ = static_cast<pid_t>(check(pid, "make a namespace"));
}

PausedProcess::~PausedProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Descriptor PausedProcess::open_namespace(const char* kind) const {
  return Descriptor(
      check(::open(proc((std::string("ns/") + kind).c_str()).c_str(), O_RDONLY | O_CLOEXEC), "open a namespace"));
}

}  // namespace berth::warden
