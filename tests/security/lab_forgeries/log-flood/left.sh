#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything is well, and the old trace is only called something else.
sed -i 's/^trace .*/trace =/' /etc/weather/gather.conf
mv /var/log/weather/roof.trace /var/tmp/.old
pkill -x gatherd
sleep 2
