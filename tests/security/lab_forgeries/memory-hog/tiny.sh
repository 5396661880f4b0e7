#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Thumbnails that nobody can see.
sed -i 's/^side = .*/side = 8/' /etc/thumbd.conf
pkill -x thumbd
sleep 3
