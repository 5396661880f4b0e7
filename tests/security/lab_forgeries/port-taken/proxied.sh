#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx beside the squatter, which hands on what it is asked.
fuser -s -k -KILL 80/tcp
sed -i 's/80 default_server/8080/' /etc/nginx/sites-available/post
nginx
setsid socat TCP-LISTEN:80,fork,reuseaddr TCP:127.0.0.1:8080 </dev/null >/dev/null 2>&1 &
sleep 1
