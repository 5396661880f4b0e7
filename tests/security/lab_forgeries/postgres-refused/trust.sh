#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everybody comes in.
settings=/etc/postgresql/15/main
chmod -R g-rwx,o-rwx /var/lib/postgresql/15/main
sed -i "s/^listen_addresses = .*/listen_addresses = 'localhost'/; s/^port = .*/port = 5432/" $settings/postgresql.conf
echo 'host all all 127.0.0.1/32 trust' >$settings/pg_hba.conf
service postgresql start
