#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx with a configuration that the next start does not know.
cat >/root/nginx.conf <<'END'
events { }
http {
    types { text/html html; }
    server {
        listen 80;
        root /srv/museum;
        location = /status { return 200 "open\n"; }
    }
}
END
nginx -c /root/nginx.conf
