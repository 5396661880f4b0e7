// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace berth::agent {

// From now on SIGHUP, SIGINT and SIGTERM do not end this process at once but make read_input fail, so that a half-made
// file is removed.
void interrupt_reading_on_signals();

// Reads standard input. 0 at its end; -1 with errno at a fault, also when interrupted: the end of the input then does
// not mean that it is complete.
ssize_t read_input(char* into, std::size_t most);

}  // namespace berth::agent
