# SPDX-License-Identifier: Apache-2.0
"""Warning lists in MISP's format: values that are often accused by mistake. A hit means *hold and say why*.

Never *benign*: of 39 published collisions between such lists and live threat feeds, 11 were public resolvers used for
command and control. So a hit keeps a value from leaving and from being blocked until a person looks; it hides nothing.

=========  ==================================================================
string     the value itself
hostname   a name and every name below it; of a URL or a mail address its host
cidr       an address or a network that overlaps it
substring  wherever it stands in the value
regex      as Python's `re` reads it, in ``/…/flags`` or bare
=========  ==================================================================

`matching_attributes` says for which kinds of values a list is meant; without it for all. Source: schema.json of
MISP/misp-warninglists. Which lists a bank has is its own choice: `tocsin.agent.warninglists`.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from ipaddress import ip_network
from itertools import accumulate
from typing import Protocol

import msgspec

from tocsin.domain.linter import network_of
from tocsin.domain.observable import Kind, Observable, host_of
from tocsin.errors import Malformed

MAX_LIST = 64 * 2**20
"""Bytes of one list; the largest that MISP publishes has 20 MB."""
MAX_ENTRY = 2_048
LONGEST_SEARCHED = 2_048
_GRAM = 4
"""Letters by which an entry of a substring list is found."""
_NETWORKS = frozenset({Kind.IPV4, Kind.IPV6, Kind.CIDR})
_MEANT_FOR = {
    "domain": {Kind.DOMAIN}, "hostname": {Kind.DOMAIN}, "domain|ip": {Kind.DOMAIN, *_NETWORKS},
    "url": {Kind.URL}, "uri": {Kind.URL}, "ip-src": _NETWORKS, "ip-dst": _NETWORKS,
    "email-src": {Kind.EMAIL}, "email-dst": {Kind.EMAIL}, "email": {Kind.EMAIL}, "target-email": {Kind.EMAIL},
    "md5": {Kind.MD5}, "sha1": {Kind.SHA1}, "sha256": {Kind.SHA256},
}  # fmt: skip
_REGEX = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)


class Warninglist(msgspec.Struct, frozen=True):
    """One list as MISP publishes it."""

    name: str
    type: str
    entries: tuple[str, ...] = msgspec.field(name="list")
    version: int | str = 0
    description: str = ""
    matching_attributes: tuple[str, ...] = ()

    def meant_for(self) -> frozenset[Kind]:
        """The kinds of values that it speaks of."""
        named = [_MEANT_FOR.get(name, set()) for name in self.matching_attributes]
        return frozenset().union(*named) if self.matching_attributes else frozenset(Kind)


def read_warninglist(data: bytes) -> Warninglist:
    """A list from its JSON; Malformed says what is wrong with it. Its entries are looked at by `check_entries`."""
    if len(data) > MAX_LIST:
        raise Malformed(f"A warning list has at most {MAX_LIST >> 20} MiB.")
    try:
        found = msgspec.json.decode(data, type=Warninglist)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"It is not a warning list in MISP's format: {error}.") from None
    if found.type not in _INDEXES:
        raise Malformed(f"A warning list of type {found.type[:40]!r} is not known: {', '.join(_INDEXES)}.")
    if not found.name.strip() or any(len(entry) > MAX_ENTRY for entry in found.entries):
        raise Malformed(f"A warning list has a name, and entries of at most {MAX_ENTRY} characters.")
    return found


def check_entries(found: Warninglist) -> None:
    """Malformed names an entry that cannot be used: it is told when a list is installed, not when a value is held."""
    _INDEXES[found.type]([found])


class Warninglists:
    """Several lists, looked up together."""

    def __init__(self, lists: Iterable[Warninglist] = ()) -> None:
        self.lists = tuple(lists)

    def hits(self, observable: Observable) -> tuple[str, ...]:
        """The names of the lists on which a value stands, each once; empty: none speaks of it."""
        if not self.lists:
            return ()
        found = (one for index in self._indexes for one in index.hits(observable))
        return tuple(dict.fromkeys(one.name for one in found if observable.kind in self._kinds[one.name]))

    @cached_property
    def _indexes(self) -> "list[_Index]":
        by_type = defaultdict[str, list[Warninglist]](list)
        for one in self.lists:
            by_type[one.type].append(one)
        return [_INDEXES[kind](lists) for kind, lists in by_type.items()]

    @cached_property
    def _kinds(self) -> dict[str, frozenset[Kind]]:
        return {one.name: one.meant_for() for one in self.lists}


class _Index(Protocol):
    """All lists of one type, made ready to be asked."""

    def __init__(self, lists: list[Warninglist]) -> None: ...

    def hits(self, observable: Observable) -> Iterator[Warninglist]:
        """The lists on which a value stands."""
        ...


class _Exact:
    def __init__(self, lists: list[Warninglist]) -> None:
        self._lists = defaultdict[str, list[Warninglist]](list)
        for one in lists:
            for entry in one.entries:
                self._lists[entry.strip().lower().lstrip(".")].append(one)

    def hits(self, observable: Observable) -> Iterator[Warninglist]:
        """Lists that hold the value itself; letters' case counts nothing."""
        yield from self._lists.get(observable.value.lower(), ())


class _Hosts(_Exact):
    def hits(self, observable: Observable) -> Iterator[Warninglist]:
        """Lists that hold the host or a domain above it."""
        name = host_of(observable) or ""
        while name:
            yield from self._lists.get(name, ())
            name = name.partition(".")[2]


class _Networks:
    """Sorted by their first address, with the last address of all before: overlaps are found from one place on."""

    def __init__(self, lists: list[Warninglist]) -> None:
        self._spans: dict[int, list[tuple[int, int, Warninglist]]] = {4: [], 6: []}
        for one in lists:
            for entry in one.entries:
                try:
                    network = ip_network(entry.strip(), strict=False)
                except ValueError:
                    raise Malformed(
                        f"{entry[:60]!r} in {one.name[:60]!r} is neither address nor network."
                    ) from None
                span = (int(network.network_address), int(network.broadcast_address), one)
                self._spans[network.version].append(span)
        self._firsts, self._furthest = dict[int, list[int]](), dict[int, list[int]]()
        for version, spans in self._spans.items():
            spans.sort(key=lambda span: span[:2])
            self._firsts[version] = [first for first, _, _ in spans]
            self._furthest[version] = list(accumulate((last for _, last, _ in spans), max))

    def hits(self, observable: Observable) -> Iterator[Warninglist]:
        """Lists with a network that overlaps the address or network."""
        network = network_of(observable)
        if network is None:
            return
        first, last = int(network.network_address), int(network.broadcast_address)
        spans, furthest = self._spans[network.version], self._furthest[network.version]
        at = bisect_right(self._firsts[network.version], last) - 1
        while at >= 0 and furthest[at] >= first:
            if spans[at][1] >= first:
                yield spans[at][2]
            at -= 1


class _Substrings:
    """Found by the first letters of an entry, so that the cost is that of the value and not that of the list."""

    def __init__(self, lists: list[Warninglist]) -> None:
        self._begun = defaultdict[str, list[tuple[str, Warninglist]]](list)
        for one in lists:
            for entry in filter(None, map(str.lower, map(str.strip, one.entries))):
                self._begun[entry[:_GRAM]].append((entry, one))
        self._sizes = sorted({len(begun) for begun in self._begun})

    def hits(self, observable: Observable) -> Iterator[Warninglist]:
        """Lists with an entry that stands anywhere in the value."""
        value = observable.value.lower()
        for at in range(len(value)):
            for size in self._sizes:
                for entry, one in self._begun.get(value[at : at + size], ()):
                    if value.startswith(entry, at):
                        yield one


class _Regexes:
    def __init__(self, lists: list[Warninglist]) -> None:
        self._expressions: list[tuple[re.Pattern[str], Warninglist]] = []
        for one in lists:
            for entry in one.entries:
                written = _REGEX.fullmatch(entry.strip())
                body, flags = (written[1], written[2]) if written else (entry, "")
                try:
                    expression = re.compile(body, re.IGNORECASE if "i" in flags else 0)
                except (re.error, OverflowError, RecursionError) as error:
                    raise Malformed(
                        f"{entry[:60]!r} in {one.name[:60]!r} is no expression: {error}."
                    ) from None
                self._expressions.append((expression, one))

    def hits(self, observable: Observable) -> Iterator[Warninglist]:
        """Lists with an expression that is found at the beginning of the value, as far as it is searched."""
        value = observable.value[:LONGEST_SEARCHED]
        yield from (one for expression, one in self._expressions if expression.search(value))


_INDEXES: dict[str, type[_Index]] = {
    "string": _Exact,
    "hostname": _Hosts,
    "cidr": _Networks,
    "substring": _Substrings,
    "regex": _Regexes,
}
