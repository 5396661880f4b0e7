// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::agent {

// Who a program runs as, read from the instance's own /etc/passwd and /etc/group (a static program has no NSS).
struct User {
  std::string name = "root";
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home = "/";
  std::string shell = "/bin/sh";
  std::vector<gid_t> groups;  // gid and the supplementary ones
};

// `wanted` is a name or a number, optionally with ":group" (name or number) as images write it; empty is root. `passwd`
// and `group` are the texts of the two files; faulty lines count as absent. A number without an entry is fine and gets
// group 0, as with Docker. Throws Error{not_found} on an unknown name.
User find_user(std::string_view wanted, std::string_view passwd, std::string_view group);

// The same with the files of this machine.
User load_user(std::string_view wanted);

// What the first entry with that number is called in the text of /etc/passwd or /etc/group; empty if there is none.
std::string_view find_name(std::uint32_t id, std::string_view text);

std::string load_passwd();
std::string load_group();

}  // namespace berth::agent
