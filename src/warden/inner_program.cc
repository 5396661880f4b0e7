// SPDX-License-Identifier: Apache-2.0
#include "warden/inner_program.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "warden/files.h"
#include "warden/pack_disk.h"
#include "warden/system_error.h"
#include "warden/unpack_oci.h"
#include "warden/unpack_tar.h"

namespace berth::warden {
namespace {

constexpr int own_descriptor = 9;

}  // namespace

Program inner_program(const std::string& work, std::vector<std::string> words,
                      std::vector<std::pair<int, int>> descriptors) {
  static const Descriptor ourselves = open_path("/proc/self/exe");
  words.insert(words.begin(), {"/proc/self/fd/" + std::to_string(own_descriptor), inner_word, work});
  descriptors.emplace_back(ourselves.get(), own_descriptor);
  return {.command = std::move(words), .descriptors = std::move(descriptors)};
}

int run_inner(const std::vector<std::string>& words) {
  try {
    if (!words.empty() && words.front() == "unpack-tar") {
      unpack_tar_main(words);
    } else if (!words.empty() && words.front() == "unpack-oci") {
      unpack_oci_main(words);
    } else if (!words.empty() && words.front() == "pack-disk") {
      pack_disk_main();
    } else {
      return 2;
    }
    return 0;
  } catch (const Error& error) {
    std::printf("fault %s %s\n", std::string(to_string(error.kind())).c_str(), error.what());
  } catch (const std::exception& fault) {
    std::printf("fault internal %s\n", fault.what());
  }
  std::fflush(stdout);
  return 1;
}

void keep_capabilities(const std::vector<int>& capabilities) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (std::ranges::count(capabilities, capability) == 0) {
      check(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "give up a capability");
    }
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (const int capability : capabilities) {
    data[capability / 32].effective |= 1U << (capability % 32);
  }
  for (auto& half : data) {
    half.permitted = half.effective;
  }
  check(::syscall(SYS_capset, &header, data), "give up capabilities");
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "give up new privileges");
  const rlimit none{0, 0};
  check(::setrlimit(RLIMIT_CORE, &none), "limit core files");
}

}  // namespace berth::warden
