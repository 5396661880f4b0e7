// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): its name
class App;
}

namespace berth::cli {

// Names of one kind: an argument's type name, such as "INSTANCE". Empty when there are none, or they cannot be had.
using NameSource = std::function<std::vector<std::string>(const std::string& kind)>;

// What may stand for the last of `words` (which may be empty) behind the program's name, beginning with it.
std::vector<std::string> complete(const CLI::App& parser, const std::vector<std::string>& words,
                                  const NameSource& names);

class Invocation;

// The same for the script of "berth completion bash", with names from the server, one on each line.
int print_completions(Invocation& run, const CLI::App& parser, const std::vector<std::string>& words);

}  // namespace berth::cli
