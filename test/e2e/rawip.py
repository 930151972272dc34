# SPDX-License-Identifier: Apache-2.0
"""Packets made by hand: UDP in fragments of any order, and SCTP, which not
every kernel has."""
import os
import selectors
import socket
import struct

from server import content, plain, resolve


def ipv4_fragment(me, host, ident, at, piece, last):
    offset = at // 8 | (0 if last else 0x2000)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, ident, offset, 64, 17, 0,
                       socket.inet_pton(socket.AF_INET, me),
                       socket.inet_pton(socket.AF_INET, host)) + piece


def ipv6_fragment(me, host, ident, at, piece, last):
    return (struct.pack("!IHBB", 6 << 28, 8 + len(piece), 44, 64) +
            socket.inet_pton(socket.AF_INET6, me) + socket.inet_pton(socket.AF_INET6, host) +
            struct.pack("!BBHI", 17, 0, at | (not last), ident) + piece)


def ones_sum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def fragments(host, port, size, piece, order=""):
    """Sends one datagram in hand-made fragments; the echo must be whole."""
    size, piece, family = int(size), int(piece) // 8 * 8, resolve(host)
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((host, int(port)))
    me, sport = s.getsockname()[:2]
    data = next(content(size))
    head = struct.pack("!HHHH", sport, int(port), 8 + size, 0)
    pseudo = (socket.inet_pton(family, me) + socket.inet_pton(family, host) +
              struct.pack("!II", 8 + size, 17))
    value = ~ones_sum(pseudo + head + data) & 0xFFFF or 0xFFFF
    whole = head[:6] + struct.pack("!H", value) + data
    make = ipv4_fragment if family == socket.AF_INET else ipv6_fragment
    ident = os.getpid() & 0xFFFF
    pieces = [make(me, host, ident, at, whole[at:at + piece], at + piece >= len(whole))
              for at in range(0, len(whole), piece)]
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for packet in reversed(pieces) if order == "reverse" else pieces:
        raw.sendto(packet, (host, 0))
    if s.recv(70000) != data:
        print("came back changed")
        return 1
    return 0


# ---- SCTP, by hand: not every kernel has it ---------------------------------

CRC = []
for c in range(256):
    for _ in range(8):
        c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
    CRC.append(c)


def crc32c(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc = CRC[(crc ^ b) & 255] ^ (crc >> 8)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def sctp_packet(sport, dport, kind, payload):
    chunk = struct.pack("!BBH", kind, 0, 4 + len(payload)) + payload
    chunk += bytes(-len(chunk) % 4)
    head = struct.pack("!HHI", sport, dport, 1)
    return head + crc32c(head + bytes(4) + chunk) + chunk


def sctp_parse(data):
    """Ports, chunk type and payload; None if the checksum is wrong."""
    if crc32c(data[:8] + bytes(4) + data[12:]) != data[8:12]:
        return None
    sport, dport = struct.unpack("!HH", data[:4])
    kind, _, size = struct.unpack("!BBH", data[12:16])
    return sport, dport, kind, data[16:12 + size]


def sctp_recv(s, family):
    data, peer = s.recvfrom(70000)
    if family == socket.AF_INET:
        data = data[(data[0] & 15) * 4:]
    return data, peer


def sctp_serve(port):
    sel = selectors.DefaultSelector()
    for family in socket.AF_INET, socket.AF_INET6:
        s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
        sel.register(s, selectors.EVENT_READ, family)
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            data, peer = sctp_recv(key.fileobj, key.data)
            got = sctp_parse(data)
            if not got or got[1] != int(port) or got[2] not in (1, 0):
                continue
            # INIT (1) -> INIT ACK (2); DATA (0) -> SACK (3); with who it was.
            kind = 2 if got[2] == 1 else 3
            text = f"{plain(peer)} {got[0]}".encode()
            key.fileobj.sendto(sctp_packet(got[1], got[0], kind, text), (peer[0], 0))


def sctp(host, port, sport="5000"):
    family = resolve(host)
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
    s.settimeout(2)
    for kind, wanted, size in (1, 2, 16), (0, 3, 1000):
        packet = sctp_packet(int(sport), int(port), kind, next(content(size)))
        s.sendto(packet, (host, 0))
        while True:
            data, peer = sctp_recv(s, family)
            if peer[0] == host:
                break
        got = sctp_parse(data)
        if not got or got[:3] != (int(port), int(sport), wanted):
            print(f"wrong answer: {got}")
            return 1
    print(got[3].decode())
    return 0
