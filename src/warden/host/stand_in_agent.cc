// SPDX-License-Identifier: Apache-2.0
// PID 1 of an instance in tests of the warden: greets every connection with "hello" and reaps. Tests run commands
// beside it through the OCI runtime.
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

int main() {
  ::signal(SIGCHLD, SIG_IGN);
  for (;;) {
    const int link = ::accept(3, nullptr, nullptr);
    if (link < 0) {
      return 1;
    }
    ::send(link, "hello", 5, MSG_NOSIGNAL);
    ::close(link);
  }
}
