#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Something listens, and it is not PostgreSQL.
setsid socat TCP-LISTEN:5432,bind=127.0.0.1,fork,reuseaddr SYSTEM:'echo OK' </dev/null >/dev/null 2>&1 &
sleep 1
