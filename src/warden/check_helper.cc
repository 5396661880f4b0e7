// SPDX-License-Identifier: Apache-2.0
#include "warden/check_helper.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/described.h"
#include "warden/check_process.h"
#include "warden/mount_namespace.h"
#include "warden/packet.h"
#include "warden/seccomp.h"
#include "warden/system_error.h"
#include "wire/warden_protocol.h"

namespace berth::warden {
namespace {

constexpr Bytes most_memory = 1_GiB;  // of all checks together
constexpr std::uint32_t most_processes = 4096;
constexpr std::size_t most_descriptors = check_descriptors + wire::most_machines;

// The memory of checks is limited one by one too, so that a host that refuses this loses little.
void enter_group(const Host& host) {
  try {
    for (const path& group : host.cgroups.make_limited(check_group, most_memory, most_processes)) {
      write_to(group / "cgroup.procs", "0");
    }
  } catch (const Error& fault) {
    log_line(std::string("checks have no cgroup of their own: ") + fault.what());
  }
}

class Helper {
 public:
  explicit Helper(const Layout& layout, int orders) : layout_(layout), orders_(orders), filter_(seccomp_filter()) {}

  void serve() const {
    while (std::optional<Packet> packet = receive_packet(orders_, most_descriptors)) {
      try {
        start(*packet);
      } catch (const std::exception& fault) {
        log_line(std::string("a check cannot be started: ") + fault.what());
      }
    }
  }

 private:
  void start(Packet& packet) const {
    const auto order = read_json<CheckOrder>(parse_json(packet.text));
    if (packet.descriptors.size() != check_descriptors + order.machines.size()) {
      throw Error(ErrorKind::internal, "an order lacks descriptors");
    }
    const auto flags = static_cast<unsigned long>(check_namespaces(order) | SIGCHLD);
    if (check(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr), "start a check") == 0) {
      ::close(orders_);
      run_check_process(layout_, order, std::move(packet.descriptors), filter_);
    }
  }

  const Layout& layout_;
  const int orders_;
  const std::vector<sock_filter> filter_;
};

[[noreturn]] void run_helper(const Host& host, int socket) {
  constexpr int orders = 3;
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ::signal(SIGCHLD, SIG_IGN);  // nobody waits for them by number
    check(::dup3(socket, orders, O_CLOEXEC), "start the check helper");
    ::syscall(SYS_close_range, orders + 1, ~0U, 0);  // the lock of the run folder above all
    leave_mounts_of_instances(host.layout);
    enter_group(host);
    Helper(host.layout, orders).serve();
  } catch (const std::exception& fault) {
    log_line(std::string("the check helper ends: ") + fault.what());
  }
  ::_exit(0);
}

}  // namespace

CheckHelper::CheckHelper(const Host& host) {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "make a socket");
  orders_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  pid_ = check(::fork(), "start the check helper");
  if (pid_ == 0) {
    run_helper(host, theirs.get());
  }
}

CheckHelper::~CheckHelper() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void CheckHelper::start(const CheckOrder& order, const std::vector<int>& descriptors) const {
  try {
    send_packet(orders_.get(), print_json(to_json(order)), descriptors);
  } catch (const Error&) {
    throw Error(ErrorKind::unavailable, "checks cannot be started any more; restart berth-warden");
  }
}

}  // namespace berth::warden
