# SPDX-License-Identifier: Apache-2.0
"""Every way in which something may stand in bytes, and where it does: the literal search.

Sought are five spellings: the thing itself, its hexadecimal digits, Base64 at each of the three places where it may
begin, UTF-16, and the bare bytes of an address or of an identifier's digits.
"""

import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address

import numpy as np
import numpy.typing as npt

Pairs = npt.NDArray[np.int64]
"""Rows of two: a record's number, and whose it is. In the order of the records."""

_SHORTEST = 4
"""Bytes: what is shorter stands anywhere by chance."""
_DIGITS = re.compile(r"(?:[a-z]+_)?([0-9a-f]{16,})")


def spellings(plain: bytes) -> frozenset[bytes]:
    """Bytes as they may stand in others."""
    found = {plain, plain.hex().encode(), *_base64(plain)}
    if plain.isascii():
        text = plain.decode("ascii")
        found |= {text.encode("utf-16-le"), *_bare(text)}
    return frozenset(one for one in found if len(one) >= _SHORTEST)


def _base64(plain: bytes) -> Iterator[bytes]:
    """What of it does not depend on the bytes before and behind it."""
    for before in range(3):
        whole = (len(plain) + before) * 8 // 6
        yield b64encode(bytes(before) + plain)[-(-before * 8 // 6) : whole]


def _bare(text: str) -> Iterator[bytes]:
    if (digits := _DIGITS.fullmatch(text)) and len(digits[1]) % 2 == 0:
        yield bytes.fromhex(digits[1])
    with suppress(ValueError):
        yield ip_address(text).packed


class Needles:
    """Things to look for, all at once, each with the number of what it names."""

    def __init__(self, named: Iterable[tuple[bytes, int]]) -> None:
        self._numbers: dict[bytes, set[int]] = defaultdict(set)
        lengths: dict[int, set[int]] = defaultdict(set)
        for plain, number in named:
            for one in spellings(plain):
                self._numbers[one].add(number)
                lengths[int.from_bytes(one[:_SHORTEST], "little")].add(len(one))
        self._lengths = {prefix: sorted(found) for prefix, found in lengths.items()}
        self._prefixes = np.array(sorted(lengths), dtype=np.uint32)
        self._may_begin = np.zeros(1 << 16, dtype=bool)
        self._may_begin[self._prefixes & 0xFFFF] = True

    def offsets(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where each one stands, and its number."""
        return ((at, number) for at, _, number in self._found(data))

    def records(self, records: Sequence[bytes]) -> Pairs:
        """Which records name what."""
        ends = np.cumsum([len(one) + 1 for one in records])
        found = []
        for at, length, number in self._found(b"\n".join(records)):
            which = int(np.searchsorted(ends, at, side="right"))
            if at + length < ends[which]:
                found.append((which, number))
        return pairs(found)

    def _found(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        if len(data) < _SHORTEST:
            return
        every = np.frombuffer(data, dtype=np.uint8).astype(np.uint32)
        words = every[:-3] | every[1:-2] << 8 | every[2:-1] << 16 | every[3:] << 24
        begun = np.flatnonzero(self._may_begin[words & 0xFFFF])
        begun = begun[np.isin(words[begun], self._prefixes)]
        for at, prefix in zip(begun.tolist(), words[begun].tolist(), strict=True):
            for length in self._lengths[prefix]:
                for number in self._numbers.get(data[at : at + length], ()):
                    yield at, length, number


def pairs(found: Iterable[tuple[int, int]]) -> Pairs:
    """Each pair once, in order."""
    return np.array(sorted(set(found)), dtype=np.int64).reshape(-1, 2)
