#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Good until tomorrow.
cd /etc/nginx/tls || exit
openssl req -new -key pay.key -subj /CN=pay -addext 'subjectAltName = DNS:pay' -out pay.csr
openssl x509 -req -in pay.csr -CA /etc/pki/market-hall/ca.crt -CAkey /etc/pki/market-hall/ca.key -CAcreateserial -days 1 \
  -copy_extensions copy -out pay.crt
nginx -s reload
