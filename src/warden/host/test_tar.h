// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/descriptor.h"

namespace berth::warden {

// One member of a tar as it is written down, sensible or not.
struct TarMember {
  std::string name;
  char type = '0';  // 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 folder, 6 pipe
  std::string content;
  std::string target;
  unsigned owner = 0;
  unsigned mode = 0755;
};

// A ustar archive (POSIX.1-1988) of these members.
std::string make_tar(const std::vector<TarMember>& members);
// An open file with this content, without a name.
Descriptor file_with(const std::string& content);

}  // namespace berth::warden
