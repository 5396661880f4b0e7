// SPDX-License-Identifier: Apache-2.0
#include "warden/user_namespace.h"

#include <sched.h>

#include <string>

#include "warden/files.h"
#include "warden/paused_process.h"

namespace berth::warden {

Descriptor make_user_namespace(UidRange range) {
  const PausedProcess holder(CLONE_NEWUSER);
  const std::string mapping = "0 " + std::to_string(range.first) + " " + std::to_string(UidRange::size) + "\n";
  write_to(holder.proc("uid_map"), mapping);
  write_to(holder.proc("gid_map"), mapping);
  return holder.open_namespace("user");
}

}  // namespace berth::warden
