#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everybody may read the tides, but nobody gets there.
cp "$(grep -rl foghorn /srv/attic)" /root/letter.txt
chmod 0600 /srv/house/diary.txt
chmod 0644 /srv/house/tides.txt
chmod 0700 /srv/house
service nginx start
