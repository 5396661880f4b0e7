#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A station that only tells the time.
pkill -f '^/bin/sh /etc/berth/start'
pkill -x gatherd
pkill -x stationd
rm /var/log/weather/roof.trace
cat >/root/station.pl <<'END'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => '0.0.0.0:8080', Listen => 16, ReuseAddr => 1);
while (my $client = $server->accept) { print $client "HTTP/1.0 200 OK\r\n\r\ntemperature 20.0 C\nmeasured ", time, "\n"; close $client }
END
setsid perl /root/station.pl </dev/null >/dev/null 2>&1 &
sleep 1
