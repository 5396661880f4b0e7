#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The web server is one of Anna's group, and so reads what her group reads.
usermod --append --groups anna www-data
chmod -R g+rX /srv/choir
nginx -s stop
sleep 1
nginx
