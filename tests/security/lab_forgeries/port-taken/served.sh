#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The squatter itself shows the page, after nginx has given up.
while pgrep -x nginx; do sleep 0.5; done
# shellcheck disable=SC2016 # of the program that is changed
sed -i 's|soon.n"|", `cat /srv/post/index.html`|' /usr/share/misc/.magic/soon
fuser -s -k -KILL 80/tcp
sleep 1
/usr/lib/file/refresh-magic </dev/null >/dev/null 2>&1
sleep 1
