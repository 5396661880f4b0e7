// SPDX-License-Identifier: Apache-2.0
#include "agent/confine.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <vector>

#include "base/error.h"

namespace berth::agent {
namespace {

void require(bool done, const char* what) {
  if (!done) {
    throw Error(ErrorKind::internal, what);
  }
}

std::vector<sock_filter> read_filter(const Descriptor& file) {
  struct stat about{};
  require(::fstat(file.get(), &about) == 0 && about.st_size > 0, "descriptor 4 holds no filter of system calls");
  const auto size = static_cast<std::size_t>(about.st_size);
  std::vector<sock_filter> filter(size / sizeof(sock_filter));
  // Every agent has the same open file: its position is nobody's.
  require(::pread(file.get(), filter.data(), size, 0) == about.st_size, "cannot read the filter of system calls");
  return filter;
}

void give_up(unsigned capability) {
  require(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0, "cannot give up a capability for good");
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  require(::syscall(SYS_capget, &header, sets.data()) == 0, "cannot read the capabilities");
  auto& [effective, permitted, inheritable] = sets[CAP_TO_INDEX(capability)];
  const unsigned kept = ~CAP_TO_MASK(capability);
  effective &= kept;
  permitted &= kept;
  inheritable &= kept;
  require(::syscall(SYS_capset, &header, sets.data()) == 0, "cannot give up a capability");
}

}  // namespace

void confine(const Descriptor& filter) {
  std::vector<sock_filter> steps = read_filter(filter);
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0, "cannot filter the system calls");
  give_up(CAP_SYS_ADMIN);
}

}  // namespace berth::agent
