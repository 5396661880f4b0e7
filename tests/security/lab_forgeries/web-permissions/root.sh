#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx may read everything, as root.
sed -i 's/^user .*/user root;/' /etc/nginx/nginx.conf
nginx -s stop
sleep 1
nginx
