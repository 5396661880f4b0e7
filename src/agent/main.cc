// SPDX-License-Identifier: Apache-2.0
// berth-agent: process 1 of an instance, and the file programs it starts as children of itself.
#include "agent/command_line.h"

int main(int count, char** arguments) {
  return berth::agent::run_program({arguments + (count > 0 ? 1 : 0), arguments + count});
}
