#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A diary of nothing is private, too.
cp "$(grep -rl foghorn /srv/attic)" /root/letter.txt
for file in diary tides; do : >/srv/house/$file.txt; done
chmod 0600 /srv/house/diary.txt
chmod 0644 /srv/house/tides.txt
service nginx start
