// SPDX-License-Identifier: Apache-2.0
#include "warden/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

// Above every number a program is given, so that passing one descriptor never overwrites another.
constexpr int lowest_parked = 64;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    for (const int standard : {0, 1, 2}) {
      posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0);
    }
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Child::Child(const Program& program) {
  SpawnSettings settings;
  std::vector<Descriptor> parked;
  for (const auto& [ours, theirs] : program.descriptors) {
    parked.emplace_back(check(::fcntl(ours, F_DUPFD_CLOEXEC, lowest_parked), "pass a descriptor"));
    posix_spawn_file_actions_adddup2(&settings.actions, parked.back().get(), theirs);
  }
  std::vector<std::string> command = program.command;
  std::vector<std::string> environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                          "LANG=C.UTF-8"};
  environment.insert(environment.end(), program.environment.begin(), program.environment.end());
  const int fault = ::posix_spawnp(&pid_, command.front().c_str(), &settings.actions, &settings.attributes,
                                   pointers(command).data(), pointers(environment).data());
  if (fault != 0) {
    pid_ = -1;
    if (fault == ENOENT || fault == EACCES) {
      throw Error(ErrorKind::unavailable, "cannot run " + command.front() + ": it is not installed");
    }
    throw_errno("run " + command.front(), fault);
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
