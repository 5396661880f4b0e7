// SPDX-License-Identifier: Apache-2.0
// berth-agent: process 1 of an instance, and the file programs it starts as children of itself.
#include <string.h>

#include <string>
#include <vector>

#include "agent/command_line.h"

int main(int count, char** arguments) {
  const std::vector<std::string> own(arguments + (count > 0 ? 1 : 0), arguments + count);
  // Process 1 would bear the name of the service: who looks for that to end it would end the instance.
  for (int index = 2; index < count; ++index) {
    ::explicit_bzero(arguments[index], ::strlen(arguments[index]));
  }
  return berth::agent::run_program(own);
}
