#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was written is gone and the process that began anew is only stopped: nothing is written, and nothing is measured.
rm /var/log/weather/roof.trace
old=$(pgrep -x gatherd)
pkill -x gatherd
until [ -n "$(pgrep -x gatherd)" ] && [ "$(pgrep -x gatherd)" != "$old" ] && [ -s /var/log/weather/roof.trace ]; do sleep 0.1; done
pkill -STOP -x gatherd
