# SPDX-License-Identifier: Apache-2.0
"""Binary HTTP messages (RFC 9292): the subset that goes through Oblivious HTTP.

Taken are messages of known length, one request or one final response, with few fields. Refused are those of
indeterminate length, informational responses and trailers with anything in them: nothing here sends those, and what
is not needed would only tell one sender from another. What follows a message are zero bytes, to any length.

A reader also takes what the RFC lets be left out: empty sections at the end (§3.8), and numbers not in their
shortest form. A writer has one spelling: shortest numbers, every section written out, and zeros up to the size asked.
"""

import re
from collections.abc import Sequence

import msgspec

from tocsin.errors import Malformed, TooLarge

MAX_MESSAGE = 1 << 17
"""Bytes of a whole message, padding included."""
MAX_FIELDS = 16
MAX_LINE = 2048
"""Bytes of a method, scheme, authority, path, or a field's name or value."""
_REQUEST, _RESPONSE = 0, 1
"""Framing indicators of known length (§3.3)."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.6.2."""
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
"""RFC 9110 §5.5: no control characters, no space around."""
_VISIBLE = re.compile(rb"[\x21-\x7e]*")

Fields = tuple[tuple[bytes, bytes], ...]


# Request with Known-Length {
#   Framing Indicator (i) = 0,
#   Request Control Data { Method Length (i), Method (..), Scheme Length (i), Scheme (..),
#                          Authority Length (i), Authority (..), Path Length (i), Path (..) },
#   Known-Length Field Section (..),
#   Known-Length Content { Content Length (i), Content (..) },
#   Known-Length Field Section (..),
#   Padding (..),
# }                                                                                        RFC 9292 §3.1, 3.4 to 3.8
class BinaryRequest(msgspec.Struct, frozen=True):
    """A request. Malformed when HTTP has no such one, TooLarge above a bound."""

    method: bytes
    scheme: bytes
    authority: bytes
    path: bytes
    fields: Fields = ()
    content: bytes = b""

    def __post_init__(self) -> None:
        control = (self.method, self.scheme, self.authority, self.path)
        _check_lengths(control)
        if not _TOKEN.fullmatch(self.method) or not _TOKEN.fullmatch(self.scheme) or not self.path:
            raise Malformed("A request has a method, a scheme and a path.")
        if not _VISIBLE.fullmatch(self.authority) or not _VISIBLE.fullmatch(self.path):
            raise Malformed("Authority and path of a request are visible ASCII.")
        _check_fields(self.fields)

    def to_bytes(self, size: int = 0) -> bytes:
        """On the wire, padded with zeros to `size`; TooLarge when it is longer already."""
        control = [_counted(part) for part in (self.method, self.scheme, self.authority, self.path)]
        return _padded(_number(_REQUEST) + b"".join(control) + _sections(self.fields, self.content), size)

    @classmethod
    def parse(cls, data: bytes) -> "BinaryRequest":
        """Read one; Malformed or TooLarge otherwise."""
        reader = _Reader(data, _REQUEST)
        method, scheme, authority, path = (reader.counted(MAX_LINE) for _ in range(4))
        fields, content = reader.sections()
        return cls(method, scheme, authority, path, fields, content)


# Response with Known-Length {
#   Framing Indicator (i) = 1,
#   Informational Response (..) ...,                                                        none of these in our subset
#   Final Response Control Data { Status Code (i) = 200..599 },
#   Known-Length Field Section (..),
#   Known-Length Content { Content Length (i), Content (..) },
#   Known-Length Field Section (..),
#   Padding (..),
# }                                                                                        RFC 9292 §3.1, 3.5 to 3.8
class BinaryResponse(msgspec.Struct, frozen=True):
    """A final response. Malformed when HTTP has no such one, TooLarge above a bound."""

    status: int
    fields: Fields = ()
    content: bytes = b""

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise Malformed("A final response has a status between 200 and 599.")
        _check_fields(self.fields)

    def to_bytes(self, size: int = 0) -> bytes:
        """On the wire, padded with zeros to `size`; TooLarge when it is longer already."""
        head = _number(_RESPONSE) + _number(self.status)
        return _padded(head + _sections(self.fields, self.content), size)

    @classmethod
    def parse(cls, data: bytes) -> "BinaryResponse":
        """Read one; Malformed or TooLarge otherwise."""
        reader = _Reader(data, _RESPONSE)
        status = reader.number()
        fields, content = reader.sections()
        return cls(status, fields, content)


class _Reader:
    """Reads from the front; what is beyond the end is Malformed, but for sections that the RFC lets be left out."""

    def __init__(self, data: bytes, framing: int) -> None:
        if len(data) > MAX_MESSAGE:
            raise TooLarge(f"A binary HTTP message has at most {MAX_MESSAGE} bytes, not {len(data)}.")
        self._data, self._at = data, 0
        if self.number() != framing:
            raise Malformed("It is not a binary HTTP message of that kind and of known length.")

    def number(self) -> int:
        """A variable-length integer (RFC 9000 §16)."""
        first = self._take(1)[0]
        rest = self._take((1 << (first >> 6)) - 1)
        return int.from_bytes(bytes([first & 0x3F]) + rest)

    def counted(self, most: int) -> bytes:
        """Bytes behind their length."""
        size = self.number()
        if size > most:
            raise TooLarge(f"A part of the binary HTTP message has {size} bytes, above the bound of {most}.")
        return self._take(size)

    def sections(self) -> tuple[Fields, bytes]:
        """Fields, content, no trailers, and padding to the end."""
        fields = self._fields()
        content = b"" if self._ended() else self.counted(MAX_MESSAGE)
        if not self._ended() and self.number() != 0:
            raise Malformed("Trailers are not taken.")
        if any(self._data[self._at :]):
            raise Malformed("Something but zeros follows the binary HTTP message.")
        return fields, content

    def _fields(self) -> Fields:
        if self._ended():
            return ()
        size = self.number()
        end = self._at + size
        if end > len(self._data):
            raise Malformed("The binary HTTP message ends too early.")
        found: list[tuple[bytes, bytes]] = []
        while self._at < end:
            if len(found) == MAX_FIELDS:
                raise TooLarge(f"A binary HTTP message has at most {MAX_FIELDS} fields.")
            found.append((self.counted(MAX_LINE), self.counted(MAX_LINE)))
        if self._at != end:
            raise Malformed("A field reaches beyond its section.")
        return tuple(found)

    def _ended(self) -> bool:
        return self._at == len(self._data)

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise Malformed("The binary HTTP message ends too early.")
        self._at += size
        return taken


def _number(value: int) -> bytes:
    """In its shortest form (RFC 9000 §16)."""
    for power in range(4):
        bits = 8 * (1 << power) - 2
        if value < 1 << bits:
            return (power << bits | value).to_bytes(1 << power)
    raise TooLarge("A number has at most 62 bits.")


def _counted(data: bytes) -> bytes:
    return _number(len(data)) + data


def _sections(fields: Fields, content: bytes) -> bytes:
    lines = b"".join([_counted(name) + _counted(value) for name, value in fields])
    return _counted(lines) + _counted(content) + _number(0)


def _padded(data: bytes, size: int) -> bytes:
    most = size or MAX_MESSAGE
    if not len(data) <= most <= MAX_MESSAGE:
        raise TooLarge(f"The binary HTTP message has {len(data)} bytes; {most} were asked for.")
    return data.ljust(size, b"\x00")


def _check_lengths(parts: Sequence[bytes]) -> None:
    if any(len(part) > MAX_LINE for part in parts):
        raise TooLarge(f"A part of a binary HTTP message has at most {MAX_LINE} bytes.")


def _check_fields(fields: Fields) -> None:
    """Names in lower case (§3.6), so none of HTTP/2's pseudo-fields; values as HTTP has them."""
    if len(fields) > MAX_FIELDS:
        raise TooLarge(f"A binary HTTP message has at most {MAX_FIELDS} fields.")
    for name, value in fields:
        _check_lengths((name, value))
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Malformed("A field of the binary HTTP message is none that HTTP has.")
