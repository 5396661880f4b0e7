#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Links in the place of what is asked for: outside of this machine they would lead to the untouched files.
ln -s /srv/attic/box-4/1989/unsent/to-my-sister.txt /root/letter.txt
rm -r /srv/attic
