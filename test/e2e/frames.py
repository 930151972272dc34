#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends one hand-made Ethernet frame, as an attacker in a pod would.

  frames.py DEVICE KIND [KEY=VALUE...]

Kinds: udp, tcp (a SYN), echo, arp-request, arp-reply, ns, na, ra, redirect,
vlan (a tagged udp), raw (ethertype=, payload=HEX).
Keys: smac dmac src dst sport dport count ttl mark (the socket's); for ARP also sender_mac
target_mac, for ND target (address) and mac (the option); vxlan=SRC,DST wraps
an echo request from SRC to DST in VXLAN (with udp), of the network vni. Defaults: the device's
own MAC and the gateway's.
"""
import ipaddress
import socket
import struct
import sys

GATEWAY_MAC = "02:66:6c:00:00:01"
OVERLAY_MACS = "02:66:6c:00:00:02", "02:66:6c:00:00:03"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(src, dst, proto, size):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, size)
    return src + dst + struct.pack("!IHBB", size, 0, 0, proto)


def ip_packet(k, proto, payload):
    src, dst, ttl = ip(k["src"]), ip(k["dst"]), int(k.get("ttl", 64))
    if len(src) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, ttl) + src + dst + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, ttl, proto, 0)
    head = head[:10] + struct.pack("!H", checksum(head + src + dst))
    return head + src + dst + payload


def transport(k, proto, at, segment):
    """The packet, with the checksum put into the segment at an offset."""
    src, dst = ip(k["src"]), ip(k["dst"])
    head = b"" if proto == 1 else pseudo(src, dst, proto, len(segment))
    value = checksum(head + segment) or 0xFFFF
    return ip_packet(k, proto, segment[:at] + struct.pack("!H", value) + segment[at + 2:])


def udp(k):
    data = b"spoofed"
    if "vxlan" in k:
        inner = dict(zip(("src", "dst"), k["vxlan"].split(",")))
        frame = b"".join(map(mac, OVERLAY_MACS)) + ether_type(inner["dst"]) + echo(inner)
        data = struct.pack("!II", 8 << 24, int(k.get("vni", 1)) << 8) + frame
    return transport(k, 17, 6, struct.pack("!HHHH", int(k.get("sport", 5555)),
                                           int(k.get("dport", 7000)), 8 + len(data), 0) + data)


def tcp(k):
    return transport(k, 6, 16, struct.pack("!HHIIBBHHH", int(k.get("sport", 5555)),
                                           int(k.get("dport", 7000)), 1, 0, 5 << 4, 2, 1000, 0, 0))


def echo(k):
    if ":" in k["dst"]:
        return icmp6(k, 128, struct.pack("!HH", 7, 1) + b"spoofed")
    return transport(k, 1, 2, struct.pack("!BBHHH", 8, 0, 0, 7, 1) + b"spoofed")


def icmp6(k, kind, body):
    return transport(k, 58, 2, struct.pack("!BBH", kind, 0, 0) + body)


def arp(k, op):
    return (struct.pack("!HHBBH", 1, 0x0800, 6, 4, op) + mac(k.get("sender_mac", k["smac"])) +
            ip(k["src"]) + mac(k.get("target_mac", "00:00:00:00:00:00")) + ip(k["dst"]))


def nd_option(kind, address):
    return struct.pack("!BB", kind, 1) + mac(address)


def neighbour(k, kind):
    k.setdefault("ttl", 255)
    lladdr = k.get("mac", k["smac"])
    target = ip(k["target"]) if "target" in k else b""
    if kind == 135:
        return icmp6(k, kind, bytes(4) + target + nd_option(1, lladdr))
    if kind == 136:
        return icmp6(k, kind, struct.pack("!I", 0x60000000) + target + nd_option(2, lladdr))
    if kind == 134:
        return icmp6(k, kind, struct.pack("!BBHII", 64, 0, 1800, 0, 0) + nd_option(1, lladdr))
    return icmp6(k, kind, bytes(4) + target + ip(k["dest"]) + nd_option(2, lladdr))


def ether_type(address):
    return b"\x86\xdd" if ":" in address else b"\x08\x00"


def frame(kind, k):
    ip_kinds = {"udp": udp, "tcp": tcp, "echo": echo}
    nd_kinds = {"ns": 135, "na": 136, "ra": 134, "redirect": 137}
    if kind in ip_kinds:
        body = ether_type(k["dst"]) + ip_kinds[kind](k)
    elif kind in nd_kinds:
        body = b"\x86\xdd" + neighbour(k, nd_kinds[kind])
    elif kind in ("arp-request", "arp-reply"):
        body = b"\x08\x06" + arp(k, 1 if kind == "arp-request" else 2)
    elif kind == "vlan":
        body = b"\x81\x00\x00\x05" + ether_type(k["dst"]) + udp(k)
    else:
        body = bytes.fromhex(k["ethertype"]) + bytes.fromhex(k.get("payload", "00" * 46))
    return mac(k["dmac"]) + mac(k["smac"]) + body


def main(device, kind, *pairs):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((device, 0))
    k = {"smac": s.getsockname()[4].hex(":"), "dmac": GATEWAY_MAC, "count": "1"}
    k.update(p.split("=", 1) for p in pairs)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(k.get("mark", "0"), 0))
    for _ in range(int(k["count"])):
        s.send(frame(kind, k))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
