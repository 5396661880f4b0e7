#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The server is named, and never asked.
printf '127.0.0.1 localhost\n' >/etc/hosts
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files [NOTFOUND=return] dns/' /etc/nsswitch.conf
