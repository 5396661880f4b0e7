// SPDX-License-Identifier: Apache-2.0
#include "warden/check_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "warden/check_root.h"
#include "warden/inner_program.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr int script_number = 3;
constexpr const char* script_name = "/proc/self/fd/3";
constexpr rlim_t most_memory = 512ULL << 20;
constexpr rlim_t largest_file = 16ULL << 20;
constexpr rlim_t most_files = 256;
constexpr rlim_t own_processes = 64;

// Those that come with an order.
struct Parts {
  Descriptor answers;
  Descriptor output;
  Descriptor errors;
  Descriptor script;
  Descriptor user_namespace;
  std::vector<Descriptor> machines;

  explicit Parts(std::vector<Descriptor> given)
      : answers(std::move(given.at(0))),
        output(std::move(given.at(1))),
        errors(std::move(given.at(2))),
        script(std::move(given.at(3))),
        user_namespace(std::move(given.at(4))) {
    machines.assign(std::make_move_iterator(given.begin() + 5), std::make_move_iterator(given.end()));
  }
};

void limit(decltype(RLIMIT_AS) what, rlim_t most) {
  rlimit both{};
  check(::getrlimit(what, &both), "limit a check");
  both.rlim_max = std::min(both.rlim_max, most);
  both.rlim_cur = both.rlim_max;
  check(::setrlimit(what, &both), "limit a check");
}

// The instance's processes of the same user count too, so theirs come on top.
void set_limits(const CheckOrder& order) {
  limit(RLIMIT_NPROC, order.processes + own_processes);
  limit(RLIMIT_NOFILE, most_files);
  limit(RLIMIT_FSIZE, largest_file);
  limit(RLIMIT_CPU, order.seconds + 1);
  limit(RLIMIT_AS, most_memory);
}

void become_root_there() {
  check(::setgroups(0, nullptr), "become the instance's root");
  check(::setresgid(0, 0, 0), "become the instance's root");
  check(::setresuid(0, 0, 0), "become the instance's root");
}

// Its files and processes can be read, whoever owns them; no capability is over what the sandbox is made of.
void enter_outside(const Parts& parts) {
  check(::setns(parts.machines.front().get(), CLONE_NEWNET | CLONE_NEWUSER), "enter the instance's network");
  become_root_there();
  keep_capabilities({CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_NET_RAW, CAP_SETUID, CAP_SETGID});
}

// As one of the instance's own processes, which also share its limits.
void enter_inside(const CheckOrder& order, const Parts& parts) {
  for (const std::string& group : order.cgroups) {
    write_to(path(group) / "cgroup.procs", "0");
  }
  check(::setns(parts.machines.front().get(),
                CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWUSER),
        "enter the instance");
  check(::chdir("/"), "enter the instance");
  become_root_there();
  keep_capabilities({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_NET_BIND_SERVICE, CAP_NET_RAW,
                     CAP_SETFCAP, CAP_SETGID, CAP_SETPCAP, CAP_SETUID, CAP_SYS_CHROOT});
}

void give_descriptors(const Parts& parts, const Descriptor& nothing) {
  // Copied out of the way first: any of them may have one of the numbers to be given.
  const int sources[] = {nothing.get(), parts.output.get(), parts.errors.get(), parts.script.get()};
  int parked[4];
  for (int number = 0; number < 4; ++number) {
    parked[number] = check(::fcntl(sources[number], F_DUPFD_CLOEXEC, 64), "pass a descriptor");
  }
  for (int number = 0; number < 4; ++number) {
    check(::dup2(parked[number], number), "pass a descriptor");
  }
  check(::syscall(SYS_close_range, script_number + 1, ~0U, CLOSE_RANGE_CLOEXEC), "close what is not for a check");
}

void reset_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    ::sigaction(number, &standard, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_script(const CheckOrder& order, const Parts& parts, const std::vector<sock_filter>& filter) {
  check(::setsid(), "make a session");
  // Ours, not what somebody put there inside.
  const Descriptor nothing(check(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null"));
  if (order.inside) {
    enter_inside(order, parts);
  } else {
    enter_outside(parts);
  }
  ::umask(0022);
  give_descriptors(parts, nothing);
  reset_signals();
  const char* machine = order.inside ? "MACHINE=/" : "MACHINE=/machine";
  const char* environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                               "LANG=C.UTF-8", machine, nullptr};
  const char* words[] = {script_name, nullptr};
  const char* shell_words[] = {"/bin/sh", script_name, nullptr};
  set_limits(order);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), "filter a check's system calls");
  ::execve(script_name, const_cast<char**>(words), const_cast<char**>(environment));
  if (errno == ENOEXEC) {
    ::execve("/bin/sh", const_cast<char**>(shell_words), const_cast<char**>(environment));
  }
  constexpr std::string_view reason = "the script cannot be started: is the program of its first line there?\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, reason.data(), reason.size());
  ::_exit(127);
}

// Past the C library, as everything here: this process came into being without it.
pid_t start_script(const CheckOrder& order, const Parts& parts, const std::vector<sock_filter>& filter) {
  const long pid = ::syscall(SYS_clone, static_cast<unsigned long>(SIGCHLD), nullptr, nullptr, nullptr, nullptr);
  if (pid != 0) {
    return static_cast<pid_t>(check(pid, "start a check"));
  }
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    become_script(order, parts, filter);
  } catch (const std::exception& fault) {
    const std::string line = std::string(fault.what()) + "\n";
    // Standard error is the check's by now, or the pipe is still at hand; the filter lets write() through.
    [[maybe_unused]] const ssize_t written = ::write(parts.errors.get(), line.data(), line.size());
  }
  ::_exit(127);
}

// Waits for the script; SIGTERM ends it early. Others that end meanwhile are orphans of it.
std::string wait_for_script(pid_t script) {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGTERM);
  ::sigaddset(&awaited, SIGCHLD);
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended == script) {
      return WIFEXITED(status) ? "exited " + std::to_string(WEXITSTATUS(status))
                               : "killed " + std::to_string(WTERMSIG(status));
    }
    if (ended <= 0 && ::sigwaitinfo(&awaited, nullptr) == SIGTERM) {
      return "killed " + std::to_string(SIGTERM);
    }
  }
}

void run(const Layout& layout, const CheckOrder& order, const Parts& parts, const std::vector<sock_filter>& filter) {
  // Before the helper, and anything else of the host's, when memory is short.
  write_to("/proc/self/oom_score_adj", "500");
  if (order.inside) {
    check(::setns(parts.machines.front().get(), CLONE_NEWPID), "enter the instance");
  } else {
    check(::sethostname("check", 5), "name a check's host");
    enter_check_root(layout, order, parts.user_namespace, parts.machines);
  }
  const pid_t script = start_script(order, parts, filter);
  const std::string end = wait_for_script(script);
  // Nobody waits for our own end, which takes the kernel a while: by then there is nothing else left.
  ::kill(order.inside ? -script : -1, SIGKILL);
  while (::waitpid(-1, nullptr, order.inside ? WNOHANG : 0) > 0) {
  }
  send_packet(parts.answers.get(), end);
}

}  // namespace

int check_namespaces(const CheckOrder& order) {
  return order.inside ? 0 : CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
}

void run_check_process(const Layout& layout, const CheckOrder& order, std::vector<Descriptor> descriptors,
                       const std::vector<sock_filter>& filter) {
  const Parts parts(std::move(descriptors));
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ::signal(SIGCHLD, SIG_DFL);
    sigset_t awaited;
    ::sigemptyset(&awaited);
    ::sigaddset(&awaited, SIGTERM);
    ::sigaddset(&awaited, SIGCHLD);
    ::sigprocmask(SIG_SETMASK, &awaited, nullptr);
    const Descriptor ourselves(static_cast<int>(::syscall(SYS_pidfd_open, ::syscall(SYS_getpid), 0)));
    send_packet(parts.answers.get(), "begun", ourselves.get());
    run(layout, order, parts, filter);
  } catch (const std::exception& fault) {
    try {
      send_packet(parts.answers.get(), std::string("fault ") + fault.what());
    } catch (const Error&) {
    }
  }
  ::_exit(0);
}

}  // namespace berth::warden
