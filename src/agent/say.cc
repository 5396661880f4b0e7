// SPDX-License-Identifier: Apache-2.0
#include "agent/say.h"

#include <unistd.h>

namespace berth::agent {

void say(const std::string& sentence) {
  const std::string line = sentence + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace berth::agent
