// SPDX-License-Identifier: Apache-2.0
// A challenge for beginners. DELIBERATELY VULNERABLE: it reads 256 bytes into a buffer of 64, so that whoever talks to it
// may overwrite what lies behind and run code. Never offer it outside an instance.
#include <stdio.h>
#include <unistd.h>

struct note {
  char text[64];
  void (*done)(void);
};

static void thank(void) { dprintf(1, "Thank you. Nobody will ever read it.\n"); }

// Left in by the author, called by nobody.
void shell(void) { execl("/bin/sh", "sh", (char*)0); }

int main(void) {
  struct note note = {.text = "", .done = thank};
  dprintf(1, "What is on your mind?\n");
  if (read(0, &note, 256) > 0) {  // the mistake: sizeof note.text
    note.done();
  }
  return 0;
}
