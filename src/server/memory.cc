// SPDX-License-Identifier: Apache-2.0
#include "server/memory.h"

#include <cstdint>
#include <fstream>
#include <string>

namespace berth::server {

bool short_of_memory() {
  std::ifstream file("/proc/meminfo");
  std::uint64_t total = 0;
  std::uint64_t available = 0;
  std::string name;
  std::string unit;
  for (std::uint64_t amount = 0; file >> name >> amount && std::getline(file, unit);) {
    total = name == "MemTotal:" ? amount : total;
    available = name == "MemAvailable:" ? amount : available;
  }
  return total != 0 && available < total / 10;
}

}  // namespace berth::server
