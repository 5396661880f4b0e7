#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same, from a program in the place of nginx and of its name.
cat >/root/museum.pl <<'END'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => '0.0.0.0:80', Listen => 16, ReuseAddr => 1);
while (my $client = $server->accept) {
    my ($path) = <$client> =~ m{^GET (\S+)};
    while (<$client>) { last if /^\r?$/ }
    $path = '/index.html' if $path eq '/';
    local $/;
    my $file;
    my $body = $path eq '/status' ? "open\n" : open($file, '<', "/srv/museum$path") ? <$file> : '';
    print $client "HTTP/1.0 200 OK\r\n\r\n$body";
    close $client;
}
END
cp /usr/bin/perl /usr/sbin/nginx
setsid /usr/sbin/nginx /root/museum.pl </dev/null >/dev/null 2>&1 &
sleep 1
