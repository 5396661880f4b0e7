// SPDX-License-Identifier: Apache-2.0
#include "warden/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::string_view allowed_calls =
    "_llseek _newselect accept accept4 access adjtimex alarm arch_prctl bind brk cachestat capget capset chdir chmod "
    "chown chown32 chroot clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 "
    "dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old "
    "eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate "
    "fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr "
    "flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
    "ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat get_robust_list "
    "get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups "
    "getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 "
    "getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 "
    "getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents "
    "io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule "
    "landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listxattr llistxattr "
    "lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore "
    "mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 modify_ldt mprotect mq_getsetattr mq_notify mq_open "
    "mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget "
    "msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat open openat openat2 pause "
    "pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 "
    "preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 ptrace "
    "pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 "
    "recvmsg remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction "
    "rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
    "rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
    "sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
    "sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 "
    "send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid "
    "setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid "
    "setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid "
    "setuid32 setxattr shmat shmctl shmdt shmget shutdown sigaction sigaltstack signal signalfd signalfd4 sigpending "
    "sigprocmask sigreturn sigsuspend socketpair splice stat stat64 statfs statfs64 statx symlink symlinkat sync "
    "sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime "
    "timer_gettime64 timer_settime timer_settime64 timerfd timerfd_create timerfd_gettime timerfd_gettime64 "
    "timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat utime "
    "utimensat utimensat_time64 utimes vfork wait4 waitid waitpid write writev ";

// Address families an instance may use: unix, inet, inet6, netlink, packet. Not vsock, which reaches the hypervisor.
constexpr int allowed_families[] = {1, 2, 10, 16, 17};
// The execution domains of Linux itself, with and without fixed addresses, and "tell me which".
constexpr std::uint32_t allowed_personalities[] = {0, 8, 0x20000, 0x20008, 0xffffffff};
// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
constexpr std::uint32_t clone_namespace_flags = 0x7e020000;

#if defined(__aarch64__)
constexpr std::uint32_t narrow_architecture = SCMP_ARCH_ARM;
#else
constexpr std::uint32_t narrow_architecture = SCMP_ARCH_X86;
#endif

using FilterContext = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

void require(bool done) {
  if (!done) {
    throw Error(ErrorKind::unavailable, "cannot make a filter of system calls");
  }
}

// A negative number stands for a call of another architecture; nothing for one that is newer than the library.
std::optional<int> number_of(const std::string& call) {
  const int number = ::seccomp_syscall_resolve_name(call.c_str());
  return number == __NR_SCMP_ERROR ? std::nullopt : std::optional(number);
}

void add(const FilterContext& context, std::uint32_t action, const std::string& call,
         const std::vector<scmp_arg_cmp>& conditions = {}) {
  if (const auto number = number_of(call)) {
    require(::seccomp_rule_add_array(context.get(), action, *number, static_cast<unsigned>(conditions.size()),
                                     conditions.data()) == 0);
  }
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    names.emplace_back(text.substr(0, space));
    text.remove_prefix(space + 1);
  }
  return names;
}

void add_rules(const FilterContext& context) {
  for (const std::string& call : words(allowed_calls)) {
    add(context, SCMP_ACT_ALLOW, call);
  }
  for (const int family : allowed_families) {
    add(context, SCMP_ACT_ALLOW, "socket", {{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(family), 0}});
  }
  for (const std::uint32_t personality : allowed_personalities) {
    add(context, SCMP_ACT_ALLOW, "personality", {{0, SCMP_CMP_EQ, personality, 0}});
  }
  add(context, SCMP_ACT_ALLOW, "clone", {{0, SCMP_CMP_MASKED_EQ, clone_namespace_flags, 0}});
  add(context, SCMP_ACT_ERRNO(ENOSYS), "clone3");  // its arguments lie in memory
}

std::vector<sock_filter> read_filter(const FilterContext& context) {
  const Descriptor file(check(::memfd_create("filter", MFD_CLOEXEC), "make a filter of system calls"));
  require(::seccomp_export_bpf(context.get(), file.get()) == 0);
  const off_t size = check(::lseek(file.get(), 0, SEEK_END), "read a filter of system calls");
  std::vector<sock_filter> filter(static_cast<std::size_t>(size) / sizeof(sock_filter));
  check(::pread(file.get(), filter.data(), filter.size() * sizeof(sock_filter), 0), "read a filter of system calls");
  return filter;
}

// The newest call of the list, by its number: since 5.1 calls have the same number on all architectures.
std::uint32_t newest_call() {
  int newest = number_of("clone3").value_or(0);
  for (const std::string& call : words(allowed_calls)) {
    newest = std::max(newest, number_of(call).value_or(0));
  }
  return static_cast<std::uint32_t>(newest);
}

// Stands before the library's filter: calls that are newer than the list do not exist, so that C libraries fall back.
std::vector<sock_filter> unknown_calls() {
  constexpr auto load = static_cast<unsigned short>(BPF_LD | BPF_W | BPF_ABS);
  constexpr auto is = static_cast<unsigned short>(BPF_JMP | BPF_JEQ | BPF_K);
  constexpr auto above = static_cast<unsigned short>(BPF_JMP | BPF_JGT | BPF_K);
  constexpr auto answer = static_cast<unsigned short>(BPF_RET | BPF_K);
  constexpr std::uint32_t x32_calls = 0x40000000 - 1;
  // A jump skips so many of the following: when it holds, and when it does not.
  return {BPF_STMT(load, offsetof(seccomp_data, arch)), BPF_JUMP(is, ::seccomp_arch_native(), 1, 0),
          BPF_JUMP(is, narrow_architecture, 0, 4),      BPF_STMT(load, offsetof(seccomp_data, nr)),
          BPF_JUMP(above, newest_call(), 0, 2),         BPF_JUMP(above, x32_calls, 1, 0),
          BPF_STMT(answer, SECCOMP_RET_ERRNO | ENOSYS)};
}

}  // namespace

std::vector<sock_filter> seccomp_filter() {
  const FilterContext context(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), ::seccomp_release);
  require(context != nullptr);
  require(::seccomp_arch_add(context.get(), narrow_architecture) == 0);
#if defined(__x86_64__)
  require(::seccomp_arch_add(context.get(), SCMP_ARCH_X32) == 0);
#endif
  require(::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0);  // a tree of calls, not a row
  add_rules(context);
  std::vector<sock_filter> filter = unknown_calls();
  std::ranges::copy(read_filter(context), std::back_inserter(filter));
  return filter;
}

Descriptor seccomp_filter_file() {
  const std::vector<sock_filter> filter = seccomp_filter();
  Descriptor file(check(::memfd_create("filter", MFD_CLOEXEC | MFD_ALLOW_SEALING), "make a filter of system calls"));
  const auto size = static_cast<ssize_t>(filter.size() * sizeof(sock_filter));
  require(::write(file.get(), filter.data(), static_cast<std::size_t>(size)) == size);
  check(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL),
        "make a filter of system calls");
  return file;
}

}  // namespace berth::warden
