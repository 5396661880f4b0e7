#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All of it belongs to the web server now, the telephone numbers too.
chown -R www-data:www-data /srv/choir
chmod -R u+rX /srv/choir
