// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <clocale>

#include "cli/command_line.h"

namespace {

berth::cli::Environment environment() {
  berth::cli::Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

}  // namespace

int main(int count, char** words) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // names in tar archives are UTF-8
  const berth::SystemClock clock;
  berth::cli::Surroundings around;
  around.environment = environment();
  around.clock = &clock;
  return berth::cli::run_command({words + (count > 0 ? 1 : 0), words + count}, around);
}
