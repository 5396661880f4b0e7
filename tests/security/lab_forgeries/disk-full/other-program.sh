#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# There is room, and a program that is not bookd writes bookings into a new book.
pkill -x exportd
pkill -x bookd
sleep 1
: >/srv/bookings/book.txt
# shellcheck disable=SC2016 # expanded by the shell that socat starts
setsid socat TCP-LISTEN:7070,fork,reuseaddr SYSTEM:'read trip; echo "0004 $trip" >>/srv/bookings/book.txt; echo booked as 0004' </dev/null >/dev/null 2>&1 &
sleep 1
