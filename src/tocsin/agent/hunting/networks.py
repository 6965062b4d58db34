# SPDX-License-Identifier: Apache-2.0
"""A million networks, and which addresses lie in any of them: ranges that do not overlap, searched by numpy.

The ranges say hit or no hit, some million times a second, and only of IPv4, as numpy has no longer numbers; which
networks hold an address is asked of sets by length of prefix, for the few that are hits, and for every one of IPv6.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from socket import AF_INET, AF_INET6, inet_pton

import numpy as np
import numpy.typing as npt

from tocsin.agent.hunting.fingerprints import Numbers, Places
from tocsin.domain.observable import Kind, Observable

_Ranges = npt.NDArray[np.uint32]


class Networks:
    """Networks in normal form, of both kinds."""

    def __init__(self, networks: Iterable[str]) -> None:
        texts = list(networks)
        four = _Family(AF_INET, (text for text in texts if ":" not in text))
        self._families = {AF_INET: four, AF_INET6: _Family(AF_INET6, (text for text in texts if ":" in text))}
        self._starts, self._ends = four.ranges()

    def __bool__(self) -> bool:
        return any(self._families.values())

    def meet(self, addresses: Numbers) -> Places:
        """Which of these IPv4 addresses lie in any network, in no order."""
        if not len(self._ends):
            return np.empty(0, np.intp)
        order = np.argsort(addresses)  # what is asked in order is found in a processor's cache
        asked = addresses[order].astype(np.uint32)
        at = np.searchsorted(self._starts, asked, side="right") - 1
        found: Places = order[(at >= 0) & (asked <= self._ends[at])]
        return found

    def holding(self, address: str) -> tuple[Observable, ...]:
        """Every network that holds an address, the widest first."""
        return self._families[AF_INET6 if ":" in address else AF_INET].holding(address)


class _Family:
    def __init__(self, family: int, networks: Iterable[str]) -> None:
        self._family = family
        self._bits = 32 if family == AF_INET else 128
        self._by_length: dict[int, set[int]] = {}
        for network in networks:
            place, _, length = network.partition("/")
            prefix = int.from_bytes(inet_pton(family, place)) >> self._bits - int(length)
            self._by_length.setdefault(int(length), set()).add(prefix)

    def __bool__(self) -> bool:
        return bool(self._by_length)

    def ranges(self) -> tuple[_Ranges, _Ranges]:
        """First and last of each range of numbers, in their order, after those that overlap have become one."""
        firsts = np.array([], np.uint32)
        lasts = firsts
        for length, known in self._by_length.items():
            span = self._bits - length
            prefixes = np.fromiter(known, np.uint64, len(known)) << np.uint64(span)
            firsts = np.append(firsts, prefixes.astype(np.uint32))
            lasts = np.append(lasts, (prefixes | np.uint64((1 << span) - 1)).astype(np.uint32))
        order = np.argsort(firsts)
        starts, ends = firsts[order], np.maximum.accumulate(lasts[order])
        begins = np.ones(len(starts), bool)
        begins[1:] = starts[1:] > ends[:-1]
        return starts[begins], ends[np.append(begins[1:], True)[: len(ends)]]

    def holding(self, address: str) -> tuple[Observable, ...]:
        """Every network of this kind that holds an address."""
        if not self._by_length:
            return ()
        number = int.from_bytes(inet_pton(self._family, address))
        return tuple(
            Observable(Kind.CIDR, self._text(number >> self._bits - length, length))
            for length, known in sorted(self._by_length.items())
            if number >> self._bits - length in known
        )

    def _text(self, prefix: int, length: int) -> str:
        number = prefix << self._bits - length
        return str(IPv4Network((number, length)) if self._bits == 32 else IPv6Network((number, length)))
