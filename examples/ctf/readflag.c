// SPDX-License-Identifier: Apache-2.0
// Prints /flag, which only root may read. Installed setuid root: who can run programs has solved the challenge, and who
// can only read files has not.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  char text[256];
  const int file = open("/flag", O_RDONLY);
  const ssize_t size = file < 0 ? -1 : read(file, text, sizeof text);
  if (size < 0) {
    perror("/flag");
    return 1;
  }
  return write(1, text, (size_t)size) == size ? 0 : 1;
}
