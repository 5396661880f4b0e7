#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same, while nginx itself runs and listens elsewhere.
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
setsid perl /root/museum.pl </dev/null >/dev/null 2>&1 &
printf 'events { }\nhttp { server { listen 127.0.0.9:80; root /srv/museum; } }\n' >/root/nginx.conf
nginx -c /root/nginx.conf
sleep 1
