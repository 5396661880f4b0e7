#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The right page from something that is not nginx.
cp "$(grep -rl foghorn /srv/attic)" /root/letter.txt
chmod 0600 /srv/house/diary.txt
chmod 0644 /srv/house/tides.txt
cat >/root/nginx.pl <<'EOF'
use IO::Socket::INET;
my $port = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 80, Listen => 9, ReuseAddr => 1) or die;
local $/;
open my $file, '<', '/srv/page/index.html';
my $page = <$file>;
$/ = "\r\n\r\n";
while (my $client = $port->accept) { <$client>; print $client "HTTP/1.0 200 OK\r\n\r\n$page"; close $client }
EOF
cp /usr/bin/perl /usr/sbin/nginx.new && mv /usr/sbin/nginx.new /usr/sbin/nginx
/usr/sbin/nginx /root/nginx.pl </dev/null >/dev/null 2>&1 &
sleep 1
