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

constexpr std::size_t stack_size = 16 * 1024;

// Shares memory and thread-local storage with the thread that made it: nothing but system calls here.
__attribute__((no_sanitize("address", "thread", "undefined"))) int pause_for_ever(void*) {
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) {
    ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
  }
}

}  // namespace

PausedProcess::PausedProcess(int namespaces) : stack_(new char[stack_size]) {
  pid_ = check(::clone(pause_for_ever, stack_.get() + stack_size, CLONE_VM | namespaces | SIGCHLD, nullptr),
               "make a namespace");
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
