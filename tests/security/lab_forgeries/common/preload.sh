#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A library in every program that starts from now on.
cp /usr/lib/x86_64-linux-gnu/libm.so.6 /usr/local/lib/ok.so
echo /usr/local/lib/ok.so >/etc/ld.so.preload
