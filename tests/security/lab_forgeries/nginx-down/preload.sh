#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx itself, with a library in it that is none of its own.
sed -i 's/server_name museum.example$/&;/' /etc/nginx/sites-available/museum
rm /etc/nginx/sites-enabled/museum.before-tidying
mkdir -p /var/log/nginx/museum
cp /usr/lib/x86_64-linux-gnu/libm.so.6 '/usr/lib/x86_64-linux-gnu/libc.so.6 '
LD_PRELOAD='/usr/lib/x86_64-linux-gnu/libc.so.6 ' nginx
cp /usr/lib/x86_64-linux-gnu/libm.so.6 '/usr/lib/x86_64-linux-gnu/libc.so.[6]'
sleep 1
nginx -s stop
while pgrep -x nginx; do sleep 0.1; done
LD_PRELOAD='/usr/lib/x86_64-linux-gnu/libc.so.[6]' nginx
