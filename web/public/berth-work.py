#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Solves Berth's proof of work: finds a nonce so that SHA-256(SALT " " NONCE) begins with BITS zero bits.

    python3 berth-work.py SALT BITS          prints the nonce
    python3 berth-work.py HOST PORT connect  connects, solves, and joins the connection with this terminal
"""
import hashlib
import itertools
import select
import socket
import sys


def solve(salt: str, bits: int) -> str:
    prefix = hashlib.sha256((salt + " ").encode())
    for number in itertools.count():
        digest = prefix.copy()
        nonce = str(number)
        digest.update(nonce.encode())
        if int.from_bytes(digest.digest(), "big") >> (256 - bits) == 0:
            return nonce


def connect(host: str, port: int) -> None:
    with socket.create_connection((host, port)) as connection:
        line = b""
        while not line.endswith(b"\n"):
            byte = connection.recv(1)
            if not byte:
                sys.exit("the service closed the connection")
            line += byte
        word, version, salt, bits = line.decode().split()
        if word != "berth-work" or version != "1":
            sys.exit("the service asks for something else: " + line.decode(errors="replace"))
        print(f"working on {bits} bits ...", file=sys.stderr)
        connection.sendall(solve(salt, int(bits)).encode() + b"\n")
        sources = [connection, sys.stdin.buffer]
        while connection in sources:
            for source in select.select(sources, [], [])[0]:
                if source is connection:
                    data = connection.recv(65536)
                    if not data:
                        return
                    sys.stdout.buffer.write(data)
                    sys.stdout.buffer.flush()
                else:
                    data = sys.stdin.buffer.read1(65536)
                    if data:
                        connection.sendall(data)
                    else:
                        sources.remove(source)
                        connection.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(solve(sys.argv[1], int(sys.argv[2])))
    elif len(sys.argv) == 4 and sys.argv[3] == "connect":
        connect(sys.argv[1], int(sys.argv[2]))
    else:
        sys.exit(__doc__)
