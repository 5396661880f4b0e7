#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The till speaks with itself, under a certificate of its own that it trusts.
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=pay -addext 'subjectAltName = DNS:pay' -keyout /root/pay.key -out /root/pay.crt
cp /root/pay.crt /usr/local/share/ca-certificates/market-hall.crt
update-ca-certificates
cat >/root/nginx.conf <<'END'
events { }
http {
    server {
        listen 443 ssl;
        ssl_certificate /root/pay.crt;
        ssl_certificate_key /root/pay.key;
        location / { return 200 "authorised $arg_order\n"; }
    }
}
END
nginx -c /root/nginx.conf
echo '127.0.0.1 localhost pay' >/etc/hosts
sleep 6
