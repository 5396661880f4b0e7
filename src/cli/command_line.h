// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace CLI {  // NOLINT(readability-identifier-naming): its name
class App;
}

namespace berth::cli {

// The whole parser, with every command. `run` outlives it.
std::unique_ptr<CLI::App> make_parser(Invocation& run);

// Runs the command with these arguments (without the program's name) and returns its exit code: 0, 1 for a failure, 2
// for wrong usage; of exec and sh the command's own, and 125 for ours. Faults are told in one line on the error
// descriptor.
int run_command(std::vector<std::string> arguments, const Surroundings& around);

}  // namespace berth::cli
