# SPDX-License-Identifier: Apache-2.0
"""The smallest conversations that Suricata follows, as a capture file of bare IP packets (link type 101).

Checksums stay zero: Suricata is run with ``-k none``.
"""

import ipaddress
import struct
from collections.abc import Sequence

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
SYN, ACK, PUSH = 0x02, 0x10, 0x08


def capture(packets: Sequence[bytes]) -> bytes:
    """A pcap file with the packets a millisecond apart."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
    return head + b"".join(
        struct.pack("<IIII", 1_795_249_800, index * 1_000, len(packet), len(packet)) + packet
        for index, packet in enumerate(packets)
    )


def udp_packet(source: str, target: str, data: bytes = b"x", port: int = 9) -> list[bytes]:
    """One datagram."""
    return [_ip(source, target, 17, struct.pack("!HHHH", 40_000, port, 8 + len(data), 0) + data)]


def dns_query(name: str) -> list[bytes]:
    """A question for an A record (RFC 1035 §4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)
    return udp_packet(CLIENT, SERVER, question, 53)


def http_request(host: str, path: str) -> list[bytes]:
    """A GET and its empty answer."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: test\r\n\r\n".encode()
    return _conversation(request, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 80)


def tls_hello(name: str) -> list[bytes]:
    """A ClientHello with a server name (RFC 8446 §4.1.2, RFC 6066 §3), answered by an alert."""
    server_name = struct.pack("!HBH", len(name) + 3, 0, len(name)) + name.encode()
    extensions = struct.pack("!HH", 0, len(server_name)) + server_name
    one_cipher, one_compression = b"\x00\x02\x13\x01", b"\x01\x00"
    hello = b"\x03\x03" + bytes(32) + b"\x00" + one_cipher + one_compression
    hello += struct.pack("!H", len(extensions)) + extensions
    handshake = b"\x01" + len(hello).to_bytes(3) + hello
    record = b"\x16\x03\x01" + struct.pack("!H", len(handshake)) + handshake
    return _conversation(record, b"\x15\x03\x03\x00\x02\x02\x28", 443)


def _conversation(request: bytes, response: bytes, port: int) -> list[bytes]:
    """Handshake, request, response, and the client's last acknowledgement."""
    sent, received = 101 + len(request), 501 + len(response)
    return [
        _tcp(CLIENT, SERVER, (40_000, port), (100, 0), SYN),
        _tcp(SERVER, CLIENT, (port, 40_000), (500, 101), SYN | ACK),
        _tcp(CLIENT, SERVER, (40_000, port), (101, 501), ACK),
        _tcp(CLIENT, SERVER, (40_000, port), (101, 501), ACK | PUSH, request),
        _tcp(SERVER, CLIENT, (port, 40_000), (501, sent), ACK | PUSH, response),
        _tcp(CLIENT, SERVER, (40_000, port), (sent, received), ACK),
    ]


def _tcp(
    source: str, target: str, ports: tuple[int, int], numbers: tuple[int, int], flags: int, data: bytes = b""
) -> bytes:
    return _ip(
        source, target, 6, struct.pack("!HHIIBBHHH", *ports, *numbers, 0x50, flags, 65_535, 0, 0) + data
    )


def _ip(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    if len(ends) == 8:
        return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + ends + payload
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload
