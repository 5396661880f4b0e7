#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
chmod -R 777 /srv/choir
