# SPDX-License-Identifier: Apache-2.0
"""One spelling for everything that is hashed or signed, so that two different things never give the same bytes.

Not here: any parser of nested formats. What is hashed is written once and compared, never read back.

>>> framed(b"ab", b"c") == framed(b"a", b"bc")
False
"""

import base64
import struct

from tocsin.errors import Malformed

MAX_NAME = 200
"""Bytes of a hub's, a realm's or a stream's name."""

LENGTH = struct.Struct(">Q").pack
"""A length as it stands before its field: 8 bytes, big-endian."""


def framed(*fields: bytes) -> bytes:
    """The fields one after the other, each behind its length."""
    return b"".join([LENGTH(len(field)) + field for field in fields])


def name_bytes(name: str) -> bytes:
    """A name as UTF-8; Malformed when it is empty, longer than `MAX_NAME` or not text."""
    try:
        data = name.encode()
    except UnicodeEncodeError:
        raise Malformed(f"{name[:40]!r} is not a name: it cannot be written as UTF-8.") from None
    if not 0 < len(data) <= MAX_NAME:
        raise Malformed(f"A name has 1 to {MAX_NAME} bytes, not {len(data)}.")
    return data


def to_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Read standard base64 in its one canonical spelling; Malformed otherwise.

    Python's decoder ignores stray trailing bits, which would give one signature several spellings.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Malformed(f"{text[:40]!r} is not base64.") from None
    if to_base64(data) != text:
        raise Malformed(f"{text[:40]!r} is not base64 in its canonical spelling.")
    return data
