// SPDX-License-Identifier: Apache-2.0
#include "cli/image_reference.h"

namespace berth::cli {

std::string full_reference(const std::string& written) {
  if (written.find("://") != std::string::npos) {
    return written;
  }
  const auto slash = written.find('/');
  if (slash == std::string::npos) {
    return "docker://docker.io/library/" + written;
  }
  const std::string first = written.substr(0, slash);
  const bool is_registry = first.find_first_of(".:") != std::string::npos || first == "localhost";
  return "docker://" + (is_registry ? "" : std::string("docker.io/")) + written;
}

}  // namespace berth::cli
