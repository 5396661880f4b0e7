#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# There is room, and somebody takes bookings who writes nothing down.
pkill -x exportd
pkill -x bookd
sleep 1
cat >/root/book.pl <<'END'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1:7070', Listen => 16, ReuseAddr => 1);
while (my $client = $server->accept) { <$client>; print $client "booked as 0004\n"; close $client }
END
setsid perl /root/book.pl </dev/null >/dev/null 2>&1 &
sleep 1
