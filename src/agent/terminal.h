// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "base/descriptor.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

// A new pseudo terminal. The agent keeps both ends while the program runs: a program that closes its terminal for a
// moment then does not end the output.
struct Terminal {
  Descriptor ours;     // non-blocking
  Descriptor program;  // the program's 0, 1 and 2
};

// Throws Error{unavailable or exhausted}.
Terminal open_terminal(const wire::WindowSize& size, uid_t owner);

void resize_terminal(int terminal, const wire::WindowSize& size);

// The character that means end of input on that terminal now.
char end_of_file_character(int terminal);

}  // namespace berth::agent
