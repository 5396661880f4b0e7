// SPDX-License-Identifier: Apache-2.0
// serve PORT PROGRAM: gives each connection a process of PROGRAM that has it as standard input, output and error.
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char* what) {
  perror(what);
  return 1;
}

int main(int count, char** words) {
  if (count != 3) {
    fprintf(stderr, "usage: serve PORT PROGRAM\n");
    return 2;
  }
  signal(SIGCHLD, SIG_IGN);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1]))};
  if (listener < 0 || bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
    return fail("serve");
  }
  for (;;) {
    const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0 && fork() == 0) {
      signal(SIGCHLD, SIG_DFL);
      for (int descriptor = 0; descriptor < 3; ++descriptor) {
        dup2(connection, descriptor);
      }
      execl(words[2], words[2], (char*)0);
      return fail(words[2]);
    }
    close(connection);
  }
}
