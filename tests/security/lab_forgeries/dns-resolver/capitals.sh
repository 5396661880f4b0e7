#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same in capitals, which names are not sensitive to, with everything else right.
printf '127.0.20.80 Wiki.Office.EXAMPLE\n' >/etc/hosts
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf
