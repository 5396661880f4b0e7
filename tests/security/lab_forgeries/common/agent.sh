#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# PID 1, its program, its socket, and /proc as others see it.
kill -STOP 1
kill -KILL 1
for file in /.berth/agent /proc/1/exe; do echo 'echo OK' >"$file"; done
for descriptor in 3 4 5 6 7 8; do echo OK >"/proc/1/fd/$descriptor"; done
mv /proc /proc.old
mount -t tmpfs tmpfs /proc
mount --bind /root /proc
unshare --user --mount --map-root-user mount --bind /root /proc
exit 0
