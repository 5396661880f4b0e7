// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace berth::agent {

// What the instance calls its users and groups. Reads /etc/passwd and /etc/group once, when first asked.
class SftpNames {
 public:
  // Empty if the number has no name.
  const std::string& user(std::uint32_t id) { return users_.name(id, false); }
  const std::string& group(std::uint32_t id) { return groups_.name(id, true); }

 private:
  struct Names {
    std::optional<std::string> text;
    std::map<std::uint32_t, std::string> known;

    const std::string& name(std::uint32_t id, bool of_group);
  };

  Names users_;
  Names groups_;
};

// A line as of `ls -l`.
std::string listing_line(std::string_view name, const struct stat& status, std::time_t now, SftpNames& names);

}  // namespace berth::agent
