# SPDX-License-Identifier: Apache-2.0
"""A million networks, and which addresses lie in any of them: ranges that do not overlap, searched by numpy.

The ranges say hit or no hit, two to four million times a second; which networks hold an address is asked of sets by
length of prefix, for the few that are hits. Of IPv6 the ranges know the first half of an address, as numpy has no
longer numbers: what they let through is decided by the sets too.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from itertools import repeat
from socket import AF_INET, AF_INET6, inet_pton

import numpy as np
import numpy.typing as npt

from tocsin.domain.observable import Kind, Observable

_Numbers = npt.NDArray[np.uint64]


class Networks:
    """Networks in normal form, of both kinds."""

    def __init__(self, networks: Iterable[str]) -> None:
        texts = list(networks)
        self._four = _Family(AF_INET, [text for text in texts if ":" not in text])
        self._six = _Family(AF_INET6, [text for text in texts if ":" in text])

    def __bool__(self) -> bool:
        return bool(self._four) or bool(self._six)

    def meet(self, addresses: Sequence[str]) -> Iterator[str]:
        """Those of the addresses that lie in any network."""
        if self._four:
            yield from self._four.meet([one for one in addresses if ":" not in one])
        if self._six:
            yield from self._six.meet([one for one in addresses if ":" in one])

    def holding(self, address: str) -> tuple[Observable, ...]:
        """Every network that holds an address, the widest first."""
        return (self._six if ":" in address else self._four).holding(address)


class _Family:
    def __init__(self, family: int, networks: list[str]) -> None:
        self._family = family
        self._bits = 32 if family == AF_INET else 128
        self._by_length: dict[int, set[int]] = {}
        firsts: list[int] = []
        lasts: list[int] = []
        shift = max(0, self._bits - 64)
        for network in networks:
            place, _, length = network.partition("/")
            first = int.from_bytes(inet_pton(family, place))
            span = self._bits - int(length)
            self._by_length.setdefault(int(length), set()).add(first >> span)
            firsts.append(first >> shift)
            lasts.append((first | (1 << span) - 1) >> shift)
        self._starts, self._ends = _merged(np.array(firsts, np.uint64), np.array(lasts, np.uint64))

    def __bool__(self) -> bool:
        return bool(self._by_length)

    def meet(self, addresses: list[str]) -> Iterator[str]:
        """Those of the addresses that lie in any of the networks, in one pass."""
        packed = b"".join(map(inet_pton, repeat(self._family), addresses))
        if self._bits == 32:
            asked = np.frombuffer(packed, ">u4").astype(np.uint64)
        else:
            asked = np.frombuffer(packed, ">u8")[::2].astype(np.uint64)
        at = np.searchsorted(self._starts, asked, side="right") - 1
        hits = (at >= 0) & (asked <= self._ends[at])
        found = (addresses[place] for place in np.flatnonzero(hits))
        return found if self._bits == 32 else (one for one in found if self.holding(one))

    def holding(self, address: str) -> tuple[Observable, ...]:
        """Every network that an address lies in, widest first."""
        number = int.from_bytes(inet_pton(self._family, address))
        return tuple(
            Observable(Kind.CIDR, self._text(number >> self._bits - length, length))
            for length, known in sorted(self._by_length.items())
            if number >> self._bits - length in known
        )

    def _text(self, prefix: int, length: int) -> str:
        number = prefix << self._bits - length
        return str(IPv4Network((number, length)) if self._bits == 32 else IPv6Network((number, length)))


def _merged(firsts: _Numbers, lasts: _Numbers) -> tuple[_Numbers, _Numbers]:
    """First and last of each range, in their order, after those that overlap have become one."""
    order = np.argsort(firsts)
    starts, ends = firsts[order], np.maximum.accumulate(lasts[order])
    begins = np.ones(len(starts), bool)
    begins[1:] = starts[1:] > ends[:-1]
    return starts[begins], ends[np.append(begins[1:], True)[: len(ends)]]
