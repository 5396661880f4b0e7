#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A certificate of another authority that calls itself the same.
cd /etc/nginx/tls || exit
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj '/O=Market Hall/CN=Market Hall internal CA' -keyout ca.key -out ca.crt
openssl req -new -key pay.key -subj /CN=pay -addext 'subjectAltName = DNS:pay' -out pay.csr
openssl x509 -req -in pay.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 -copy_extensions copy -out pay.crt
cat ca.crt >>pay.crt
nginx -s reload
