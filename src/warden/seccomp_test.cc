// SPDX-License-Identifier: Apache-2.0
#include "warden/seccomp.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace berth::warden {
namespace {

constexpr int killed = -1;

// The errno of a call made behind the filter, 0 when it was let through.
int fault_of(const std::function<long()>& call) {
  const std::vector<sock_filter> filter = seccomp_filter();
  const pid_t child = ::fork();
  if (child == 0) {
    const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
    const bool filtered = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                          ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
    errno = 0;
    ::_exit(!filtered ? 255 : call() >= 0 ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : killed;
}

int fault_of_call(long number, unsigned long first = 0) {
  return fault_of([=] { return ::syscall(number, first, 0UL, 0UL, 0UL, 0UL, 0UL); });
}

TEST(Seccomp, LetsThroughWhatProgramsNeed) {
  EXPECT_EQ(fault_of_call(SYS_getpid), 0);
  EXPECT_EQ(fault_of_call(SYS_getrandom), 0);
  EXPECT_EQ(fault_of_call(SYS_sched_yield), 0);
  EXPECT_EQ(fault_of([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(fault_of([] { return ::syscall(SYS_clone, SIGCHLD, 0UL, 0UL, 0UL, 0UL); }), 0);
  EXPECT_EQ(fault_of_call(SYS_personality, 0xffffffff), 0);
}

TEST(Seccomp, RefusesWhatReachesTheHost) {
  for (const long number : {SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_bpf, SYS_keyctl, SYS_init_module,
                            SYS_userfaultfd, SYS_io_uring_setup, SYS_perf_event_open, SYS_kexec_load,
                            SYS_open_by_handle_at, SYS_pivot_root, SYS_reboot, SYS_swapon, SYS_settimeofday}) {
    EXPECT_EQ(fault_of_call(number), EPERM) << number;
  }
}

TEST(Seccomp, LooksAtTheArgumentsOfSomeCalls) {
  EXPECT_EQ(fault_of([] { return ::socket(AF_VSOCK, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(fault_of_call(SYS_personality, 0x0400000), EPERM) << "no randomized addresses";
  for (const unsigned long space : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID}) {
    EXPECT_EQ(fault_of_call(SYS_clone, space | SIGCHLD), EPERM) << space;
  }
}

TEST(Seccomp, LetsCLibrariesFallBackFromWhatIsNewerThanTheList) {
  EXPECT_EQ(fault_of_call(SYS_clone3), ENOSYS);
  EXPECT_EQ(fault_of_call(1000), ENOSYS);
  EXPECT_EQ(fault_of_call(0x3fffffff), ENOSYS);
}

#if defined(__x86_64__)
// As a 32-bit program makes them, which this one can without being one.
long narrow_call(long number, long first) {
  long result = 0;
  asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(0), "d"(0), "S"(0), "D"(0) : "memory");
  return result;
}

TEST(Seccomp, HoldsFor32BitProgramsToo) {
  const auto fault = [](long number, long first = 0) {
    return fault_of([=] {
      const long result = narrow_call(number, first);
      errno = result < 0 ? static_cast<int>(-result) : 0;
      return result;
    });
  };
  EXPECT_EQ(fault(20), 0) << "getpid";
  EXPECT_EQ(fault(21), EPERM) << "mount";
  EXPECT_EQ(fault(310), EPERM) << "unshare";
  EXPECT_EQ(fault(359, AF_VSOCK), EPERM) << "socket";
  EXPECT_EQ(fault(1000), ENOSYS);
}
#endif

}  // namespace
}  // namespace berth::warden
