#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A pipe that never says anything keeps who reads it waiting.
mkfifo /root/letter.txt
