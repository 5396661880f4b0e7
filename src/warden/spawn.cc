// SPDX-License-Identifier: Apache-2.0
#include "warden/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string_view>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

// Above every number a program is given, so that passing one descriptor never overwrites another.
constexpr int lowest_parked = 64;

constexpr const char* search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return name;
  }
  std::string_view folders = search_path;
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
    const std::string file = std::string(folder) + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return name;
}

// Everything exec needs, made before: after vfork the child may only make system calls.
struct Prepared {
  const char* file = nullptr;
  char** words = nullptr;
  char** environment = nullptr;
  const std::pair<int, int>* descriptors = nullptr;
  std::size_t descriptor_count = 0;
  bool outlives_us = false;
  int fault = 0;
};

// In the child, on the memory of its parent, which waits.
[[noreturn]] void become(Prepared& prepared) {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    ::sigaction(number, &standard, nullptr);
  }
  ::setpgid(0, 0);
  if (!prepared.outlives_us) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  }
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int number : {0, 1, 2}) {
    ::dup2(nothing, number);
  }
  if (nothing > 2) {
    ::close(nothing);
  }
  for (std::size_t index = 0; index < prepared.descriptor_count; ++index) {
    ::dup2(prepared.descriptors[index].first, prepared.descriptors[index].second);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(prepared.file, prepared.words, prepared.environment);
  prepared.fault = errno;
  ::_exit(127);
}

pid_t start(Prepared& prepared) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::vfork();
  if (pid == 0) {
    become(prepared);
  }
  const int fault = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = fault;
  return check(pid, "start a program");
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Child::Child(const Program& program) {
  std::vector<Descriptor> parked;
  std::vector<std::pair<int, int>> passed;
  for (const auto& [ours, theirs] : program.descriptors) {
    parked.emplace_back(check(::fcntl(ours, F_DUPFD_CLOEXEC, lowest_parked), "pass a descriptor"));
    passed.emplace_back(parked.back().get(), theirs);
  }
  const std::string file = find_program(program.command.front());
  std::vector<std::string> command = program.command;
  std::vector<std::string> environment = {std::string("PATH=") + search_path, "LANG=C.UTF-8"};
  environment.insert(environment.end(), program.environment.begin(), program.environment.end());
  const std::vector<char*> words = pointers(command);
  const std::vector<char*> variables = pointers(environment);
  Prepared prepared{.file = file.c_str(),
                    .words = const_cast<char**>(words.data()),
                    .environment = const_cast<char**>(variables.data()),
                    .descriptors = passed.data(),
                    .descriptor_count = passed.size(),
                    .outlives_us = program.outlives_us};
  pid_ = start(prepared);
  if (prepared.fault != 0) {
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    if (prepared.fault == ENOENT || prepared.fault == EACCES) {
      throw Error(ErrorKind::unavailable, "cannot run " + command.front() + ": it is not installed");
    }
    throw_errno("run " + command.front(), prepared.fault);
  }
  pidfd_ = open_process(pid_);
}

Child::~Child() {
  if (pid_ > 0) {
    kill();
    ::waitpid(pid_, nullptr, 0);
  }
}

void Child::kill() const {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
  }
}

int Child::wait(Milliseconds limit) {
  if (!wait_readable(pidfd_.get(), limit)) {
    kill();
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    throw Error(ErrorKind::timed_out, "a program of the host did not end in time");
  }
  int status = 0;
  check(::waitpid(std::exchange(pid_, -1), &status, 0), "wait for a program");
  return exit_code(status);
}

int run(const Program& program, Milliseconds limit) { return Child(program).wait(limit); }

int run(Program program, Milliseconds limit, std::string& output) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "make a pipe");
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  program.descriptors.emplace_back(writing.get(), 1);
  Child child(program);
  writing.reset();
  char buffer[4096];
  while (output.size() < 64 * 1024 && wait_readable(reading.get(), limit)) {
    const ssize_t got = ::read(reading.get(), buffer, sizeof buffer);
    if (got <= 0) {
      break;
    }
    output.append(buffer, static_cast<std::size_t>(got));
  }
  return child.wait(limit);
}

// By number: glibc 2.36 declares these two for C only.
Descriptor open_process(pid_t pid) { return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

void kill_process(int pidfd) { ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0); }

bool wait_readable(int descriptor, Milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd watched{descriptor, POLLIN, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    return check(ready, "wait") > 0;
  }
}

}  // namespace berth::warden
