# SPDX-License-Identifier: Apache-2.0
"""What is on a node, read without the programs under test. The process runs in
the node's network namespace; a pod's namespace is read through a process in it.
"""
import ctypes
import os
import platform
import socket
import struct

ABI = "v2"
BPF_OBJ_GET, BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY = 7, 1, 4
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)


def bpf(cmd, attr):
    buf = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    return libc.syscall(SYS_BPF, cmd, buf, 128)


def map_keys(path, size):
    name = ctypes.create_string_buffer(path.encode())
    fd = bpf(BPF_OBJ_GET, struct.pack("=QII", ctypes.addressof(name), 0, 0))
    if fd < 0:
        return
    key, following = (ctypes.create_string_buffer(size) for _ in range(2))
    at = 0
    while not bpf(BPF_MAP_GET_NEXT_KEY,
                  struct.pack("=IIQQ", fd, 0, at, ctypes.addressof(following))):
        yield following.raw
        key.raw = following.raw
        at = ctypes.addressof(key)
    os.close(fd)


def map_value(path, key, size):
    """None: there is no such entry, or no such map."""
    name = ctypes.create_string_buffer(path.encode())
    fd = bpf(BPF_OBJ_GET, struct.pack("=QII", ctypes.addressof(name), 0, 0))
    if fd < 0:
        return None
    at, value = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(size)
    failed = bpf(BPF_MAP_LOOKUP_ELEM,
                 struct.pack("=IIQQ", fd, 0, ctypes.addressof(at), ctypes.addressof(value)))
    os.close(fd)
    return None if failed else value.raw


def lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def devices(pid="self"):
    return {x.split(":")[0].strip() for x in lines(f"/proc/{pid}/net/dev")[2:]}


def files(top):
    return {os.path.join(d, f) for d, _, names in os.walk(top) for f in names}


def is_nodes(pin):
    """Of a device that is there and no pod's."""
    try:
        name = socket.if_indextoname(int(os.path.basename(pin).split("-")[0]))
    except (ValueError, OSError):
        return False
    return not name.startswith("fl_") or name in ("fl_vxlan", "fl_host")


class Node:
    def __init__(self, state, root):
        self.state, self.root = state, root

    def picture(self):
        """All that pods leave on a node, as a set of lines."""
        mine = {d for d in devices() if d.startswith("fl_")}
        seen = {"device " + d for d in mine}
        for path in ("route", "ipv6_route"):
            for x in lines(f"/proc/net/{path}"):
                w = x.split()
                dev = w[0] if path == "route" else w[-1]
                if dev in mine and dev not in ("fl_vxlan", "fl_host"):
                    seen.add(f"{path} {w[1] if path == 'route' else w[0]} {dev}")
        for f in files(self.state):
            name = os.path.relpath(f, self.state)
            # Not of a pod: locks, the log, and the address that was given last.
            if not name.endswith("lock") and not name.startswith(("agent", "cni.log", "last/")):
                seen.add("file " + name)
        seen |= {"pin " + f for f in files(os.path.join(self.root, ABI, "links"))
                 if not is_nodes(f)}
        seen |= {"entry " + k.hex() for k in
                 map_keys(os.path.join(self.root, ABI, "maps/fl_endpoints"), 16)}
        return seen
