#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A certificate of nobody's.
cd /etc/nginx/tls && openssl req -x509 -key pay.key -days 90 -subj /CN=pay -addext 'subjectAltName = DNS:pay' -out pay.crt
nginx -s reload
