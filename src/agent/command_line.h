// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/agent.h"

namespace berth::agent {

// What follows "init": [--user USER] [--directory DIRECTORY] [-- SERVICE COMMAND...]. Throws Error{invalid_argument}.
AgentOptions read_options(const std::vector<std::string>& arguments);

// The whole program; returns its exit status. `arguments` without argv[0].
int run_program(const std::vector<std::string>& arguments);

}  // namespace berth::agent
