// SPDX-License-Identifier: Apache-2.0
#include "agent/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"

namespace berth::agent {
namespace {

enum class Step { terminal, user, directory, program };

// What the child says when it could not become the program.
struct Fault {
  Step step = Step::program;
  int number = 0;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    result.push_back(const_cast<char*>(text.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

// From here to exec the child shares the memory of its parent (vfork): system calls only, nothing allocated.

[[noreturn]] void give_up(int report, Step step) {
  const Fault fault{.step = step, .number = errno};
  (void)!::write(report, &fault, sizeof fault);
  ::_exit(127);
}

bool become(const User& user) {
  if (::geteuid() == user.uid && ::getegid() == user.gid) {  // who it is already it can stay without any right
    ::syscall(SYS_setgroups, user.groups.size(), user.groups.data());
    return true;
  }
  return ::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

void reset_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < 32; ++number) {
    ::sigaction(number, &standard, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void execute(const Launch& what, char* const* arguments, char* const* environment) {
  bool denied = false;
  for (const std::string& candidate : what.candidates) {
    ::execve(candidate.c_str(), arguments, environment);
    denied = denied || errno == EACCES;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
      return;
    }
  }
  errno = denied ? EACCES : ENOENT;
}

[[noreturn]] void run_child(const Launch& what, char* const* arguments, char* const* environment, int report) {
  ::setsid();
  for (int target = 0; target < 3; ++target) {
    ::dup2(what.descriptors[static_cast<std::size_t>(target)], target);
  }
  if (what.controlling_terminal && ::ioctl(0, TIOCSCTTY, 0) != 0) {
    give_up(report, Step::terminal);
  }
  reset_signals();
  if (!become(what.user)) {
    give_up(report, Step::user);
  }
  if (::chdir(what.directory.c_str()) != 0 && !(what.directory_is_a_wish && ::chdir("/") == 0)) {
    give_up(report, Step::directory);
  }
  execute(what, arguments, environment);
  give_up(report, Step::program);
}

// The parent again.

[[noreturn]] void refuse_program(const Launch& what, int number) {
  const bool searched = what.program.find('/') == std::string::npos;
  const std::string shown = "'" + what.program.substr(0, 256) + "'";
  switch (number) {
    case ENOENT:
      throw Error(ErrorKind::not_found, "there is no program " + shown +
                                            (searched ? " in the PATH" : ", or what its first line names is missing"));
    case EACCES:
      throw Error(ErrorKind::invalid_argument, shown + " is not an executable file for this user");
    case ENOEXEC:
      throw Error(ErrorKind::invalid_argument,
                  shown + " is neither a program for this machine nor a script with a #! line");
    case E2BIG:
      throw Error(ErrorKind::invalid_argument, "the arguments and the environment are too long");
    default:
      throw Error(number == ENOMEM || number == EAGAIN ? ErrorKind::exhausted : ErrorKind::invalid_argument,
                  "cannot run " + shown + ": " + std::strerror(number));
  }
}

[[noreturn]] void refuse(const Launch& what, const Fault& fault) {
  const std::string reason = std::strerror(fault.number);
  switch (fault.step) {
    case Step::terminal:
      throw Error(ErrorKind::unavailable, "cannot give the program its terminal: " + reason);
    case Step::user:
      throw Error(ErrorKind::unavailable, "cannot become the user '" + what.user.name + "': " + reason);
    case Step::directory:
      throw Error(fault.number == ENOENT ? ErrorKind::not_found : ErrorKind::invalid_argument,
                  "cannot enter the directory '" + what.directory.substr(0, 256) + "': " + reason);
    case Step::program:
      break;
  }
  refuse_program(what, fault.number);
}

}  // namespace

pid_t launch(const Launch& what) {
  const std::vector<char*> arguments = pointers(what.arguments);
  const std::vector<char*> environment = pointers(what.environment);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorKind::exhausted, "the instance has no free file descriptors");
  }
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  // A fork copies page tables and faults on every page touched; with vfork a start costs what the exec costs.
  const pid_t child = ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): see above
  if (child == 0) {
    run_child(what, arguments.data(), environment.data(), writing.get());
  }
  if (child < 0) {
    throw Error(ErrorKind::exhausted,
                "the instance cannot have one more process: " + std::string(std::strerror(errno)));
  }
  writing.reset();
  Fault fault;
  ssize_t count = 0;
  do {
    count = ::read(reading.get(), &fault, sizeof fault);  // the exec closes it
  } while (count < 0 && errno == EINTR);
  if (count != sizeof fault) {
    return child;
  }
  ::waitpid(child, nullptr, 0);
  refuse(what, fault);
}

}  // namespace berth::agent
