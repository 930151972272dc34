#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fill a pinned map to the brim with entries that mean nothing.

  fill.py PIN KEY-SIZE VALUE-SIZE [--times N]    N: an LRU map is never full

The key begins with 0x2001 0x0db8, or, of a trie, with its length in bits.
"""
import argparse
import ctypes
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from node import BPF_OBJ_GET, SYS_BPF, bpf, libc

BPF_MAP_UPDATE_BATCH = 26
AT_ONCE = 16384
PREFIX_BITS = {20: 128, 16: 72}  # fl_routes: addresses; fl_policy: any protocol


def update_batch(attr):
    """How many were entered; errno says why not all."""
    buf = ctypes.create_string_buffer(bytes(attr), 128)
    ctypes.set_errno(0)
    libc.syscall(SYS_BPF, BPF_MAP_UPDATE_BATCH, buf, 56)
    return struct.unpack_from("=I", buf, 32)[0]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("pin")
    args.add_argument("key", type=int)
    args.add_argument("value", type=int)
    args.add_argument("--trie", action="store_true")
    args.add_argument("--times", type=int, default=1 << 20)
    args = args.parse_args()
    pin = ctypes.create_string_buffer(args.pin.encode())
    fd = bpf(BPF_OBJ_GET, struct.pack("=QII", ctypes.addressof(pin), 0, 0))
    if fd < 0:
        sys.exit(f"{args.pin}: {os.strerror(ctypes.get_errno())}")
    head = struct.pack("=I", PREFIX_BITS[args.key]) if args.trie else b""
    room = args.key - len(head) - 8
    done = 0
    while done < args.times:
        n = min(AT_ONCE, args.times - done)
        keys = ctypes.create_string_buffer(b"".join(
            head + b"\x20\x01\x0d\xb8" + struct.pack(">I", done + i) + bytes(room) for i in range(n)))
        values = ctypes.create_string_buffer(args.value * n)
        attr = bytearray(struct.pack("=QQQQIIQQ", 0, 0, ctypes.addressof(keys), ctypes.addressof(values),
                                     n, fd, 0, 0))
        done += update_batch(attr)
        if ctypes.get_errno():
            print(done, os.strerror(ctypes.get_errno()))
            return
    print(done)


main()
