// SPDX-License-Identifier: Apache-2.0
#include "agent/reaper.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace berth::agent {

std::optional<EndedChild> reap() {
  int status = 0;
  const pid_t process = ::waitpid(-1, &status, WNOHANG);
  if (process <= 0) {
    return std::nullopt;
  }
  EndedChild ended{.process = process};
  if (WIFSIGNALED(status)) {
    ended.exit.signal = WTERMSIG(status);
  } else {
    ended.exit.code = WEXITSTATUS(status);
  }
  return ended;
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

void adopt_orphans() {
  if (::getpid() != 1) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
}

}  // namespace berth::agent
