// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "agent/environment.h"
#include "base/descriptor.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

// What the image says of its programs.
struct Image {
  Environment environment;
  std::string user;  // empty: root
};

// A program that runs, and our ends of its pipes or terminal, all non-blocking.
struct Program {
  pid_t process = 0;
  Descriptor input;
  Descriptor output;
  Descriptor error;     // none with a terminal
  Descriptor terminal;  // the program's end, held open until it has ended
};

// Starts what a session asks for. The file kinds and SFTP run this same binary in a child process, so that the agent
// stays small and hostile bytes never meet process 1; the file kinds run as root unless a user is named. Throws Error
// for the asker.
Program start_program(const wire::OpenSession& request, const Image& image);

}  // namespace berth::agent
