// SPDX-License-Identifier: Apache-2.0
#include "warden/unpack_oci.h"

#include <linux/capability.h>
#include <sched.h>
#include <unistd.h>

#include "warden/inner_program.h"
#include "warden/system_error.h"

namespace berth::warden {

void unpack_oci_main(const std::vector<std::string>& words) {
  if (words.size() != 3) {
    throw Error(ErrorKind::internal, "unpack-oci takes two words");
  }
  const std::string image = words[1] + ":image";
  check(::unshare(CLONE_NEWNET | CLONE_NEWIPC), "make a namespace");
  // Devices in a layer would stop umoci without CAP_MKNOD; they are removed afterwards.
  keep_capabilities({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP, CAP_MKNOD});
  ::execlp("umoci", "umoci", "unpack", "--image", image.c_str(), words[2].c_str(), nullptr);
  throw Error(ErrorKind::unavailable, "umoci does not run; install it (apt install umoci)");
}

}  // namespace berth::warden
