#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gone, until the machine is started again.
rm /etc/cron.d/file-magic
fuser -s -k -KILL 80/tcp
sleep 1
service nginx start
