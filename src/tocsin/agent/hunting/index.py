# SPDX-License-Identifier: Apache-2.0
"""A million known values, and which of them one that was seen is a hit on: the same as `tocsin.agent.hunting.covers`.

Names are looked up label by label in a set; addresses in a set, and in networks by length; URLs by their pieces;
everything else in a set. What is asked is in normal form. It is asked one by one: `tocsin.agent.hunting.sieve` lets
next to nothing else through.

>>> index = Index([Observable(Kind.DOMAIN, "evil.example"), Observable(Kind.CIDR, "192.0.2.0/24")])
>>> [str(one) for one in index.match(Observable(Kind.URL, "http://www.evil.example/a"))]
['domain:evil.example']
>>> [str(one) for one in index.match(Observable(Kind.IPV4, "192.0.2.7"))]
['cidr:192.0.2.0/24']
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from tocsin.agent.hunting.covers import BELOW, HUNTED, without_scheme
from tocsin.agent.hunting.networks import Networks
from tocsin.domain.observable import DIGESTS, Kind, Observable, host_of

_ITSELF = DIGESTS | {Kind.EMAIL, Kind.IPV4, Kind.IPV6}
"""Kinds of which a value is a hit on the same value."""


class Index:
    """Known values of the kinds that are hunted; others are passed over."""

    def __init__(self, known: Iterable[Observable]) -> None:
        self._of_kind: dict[Kind, dict[str, None]] = {kind: {} for kind in HUNTED}
        """In the order in which they came, as they lie in memory: another costs as much as what is done with them."""
        for one in known:
            if one.kind in HUNTED:
                self._of_kind[one.kind][one.value] = None
        self._domains = self._of_kind[Kind.DOMAIN]
        self.networks = Networks(self._of_kind[Kind.CIDR])
        self._urls: dict[str, list[str]] = {}
        self._deepest = 0
        """Signs of `BELOW` in the deepest of all URLs: a piece of another with more of them is none of ours."""
        for url in self._of_kind[Kind.URL]:
            key = without_scheme(url)
            self._urls.setdefault(key, []).append(url)
            self._deepest = max(self._deepest, sum(map(key.count, BELOW)))

    def __len__(self) -> int:
        return sum(map(len, self._of_kind.values()))

    def texts(self, kinds: Iterable[Kind]) -> Iterator[str]:
        """Every known value of these kinds, as it is written."""
        return chain(*(self._of_kind[kind] for kind in kinds))

    def hosts(self) -> set[str]:
        """Of all known URLs and mail addresses: a line that holds one of them is looked at more closely."""
        kinds = (Kind.URL, Kind.EMAIL)
        hosts = (host_of(Observable(kind, text)) for kind in kinds for text in self._of_kind[kind])
        return {host for host in hosts if host}

    def match(self, seen: Observable) -> tuple[Observable, ...]:
        """Every known value that one in a log is a hit on, in their order."""
        met = [*self._met(seen)]
        return tuple(sorted(met)) if len(met) > 1 else tuple(met)

    def _met(self, seen: Observable) -> Iterator[Observable]:
        if seen.kind in _ITSELF and seen.value in self._of_kind[seen.kind]:
            yield seen
        if seen.kind is Kind.URL:
            yield from self._above(without_scheme(seen.value))
        host = host_of(seen)
        if host is None:
            return
        if ":" in host or host.rpartition(".")[2].isdigit():  # song.mp3 is a name
            yield from self._at(host, seen)
        else:
            yield from self._names_above(host)

    def _at(self, host: str, seen: Observable) -> Iterator[Observable]:
        """What is known of an address."""
        address = Observable(Kind.IPV6 if ":" in host else Kind.IPV4, host)
        if address != seen and host in self._of_kind[address.kind]:
            yield address
        yield from self.networks.holding(host)

    def _names_above(self, name: str) -> Iterator[Observable]:
        """Every known domain that a name is, or lies below; a domain has a dot."""
        start = 0
        while (dot := name.find(".", start)) >= 0:
            if name[start:] in self._domains:
                yield Observable(Kind.DOMAIN, name[start:])
            start = dot + 1

    def _above(self, url: str) -> Iterator[Observable]:
        """Every known URL that this one, without its scheme, is or lies below."""
        if not self._urls:
            return
        pieces, cuts = {url}, 0
        for place, sign in enumerate(url):
            if sign in BELOW:
                cuts += 1
                if cuts > self._deepest + 1:
                    break
                pieces.add(url[:place])
                if sign == "/":
                    pieces.add(url[: place + 1])
        for piece in pieces & self._urls.keys():
            yield from (Observable(Kind.URL, known) for known in self._urls[piece])
