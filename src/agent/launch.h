// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "agent/users.h"

namespace berth::agent {

// One program to start: everything is decided before the process exists.
struct Launch {
  std::string program;                   // as it was asked for
  std::vector<std::string> candidates;   // paths of the program, tried in order as execvp does
  std::vector<std::string> arguments;    // with argv[0]
  std::vector<std::string> environment;  // NAME=value
  std::string directory;
  bool directory_is_a_wish = false;  // "/" will do if it cannot be entered
  User user;
  std::array<int, 3> descriptors = {};  // become 0, 1 and 2; nothing else is inherited
  bool controlling_terminal = false;    // descriptor 0 is a terminal that becomes the session's own
};

// Starts it as the leader of a new session and process group, and returns when it runs. Throws Error with a sentence
// for whoever asked: not_found, invalid_argument, exhausted or unavailable.
pid_t launch(const Launch& what);

}  // namespace berth::agent
