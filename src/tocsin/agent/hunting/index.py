# SPDX-License-Identifier: Apache-2.0
"""A million known values, asked some million times a second: the same answers as `tocsin.agent.hunting.covers`.

Names are looked up label by label in a set; addresses in a set, and in networks merged into ranges that numpy searches;
URLs by their pieces; everything else in a set. What is asked is in normal form.

>>> index = Index([Observable(Kind.DOMAIN, "evil.example"), Observable(Kind.CIDR, "192.0.2.0/24")])
>>> index.names(["www.evil.example", "good.example"])
{'www.evil.example': (Observable(kind=<Kind.DOMAIN: 'domain'>, value='evil.example'),)}
>>> [str(one) for one in index.match(Observable(Kind.IPV4, "192.0.2.7"))]
['cidr:192.0.2.0/24']
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from tocsin.agent.hunting.covers import BELOW, HUNTED, without_scheme
from tocsin.agent.hunting.networks import Networks
from tocsin.domain.observable import DIGESTS, Kind, Observable, host_of

Hits = dict[str, tuple[Observable, ...]]
"""What is met by each text that meets anything."""


class Index:
    """Known values of the kinds that are hunted; others are passed over."""

    def __init__(self, known: Iterable[Observable]) -> None:
        of_kind: dict[Kind, set[str]] = {kind: set() for kind in HUNTED}
        for one in known:
            if one.kind in HUNTED:
                of_kind[one.kind].add(one.value)
        self._domains = of_kind[Kind.DOMAIN]
        self._ends = {_end(domain) for domain in self._domains}
        """The last two labels of each: most names that are asked end otherwise."""
        self._addresses = of_kind[Kind.IPV4] | of_kind[Kind.IPV6]
        self._mails = of_kind[Kind.EMAIL]
        self._digests = {kind: of_kind[kind] for kind in DIGESTS}
        self._networks = Networks(of_kind[Kind.CIDR])
        self._urls: dict[str, list[str]] = {}
        self._deepest = 0
        """Signs of `BELOW` in the deepest of all URLs: a piece of another with more of them is none of ours."""
        for url in of_kind[Kind.URL]:
            key = without_scheme(url)
            self._urls.setdefault(key, []).append(url)
            self._deepest = max(self._deepest, sum(map(key.count, BELOW)))
        self._size = sum(map(len, of_kind.values()))

    def __len__(self) -> int:
        return self._size

    @property
    def has_networks(self) -> bool:
        """Whether an address may be met by what is not itself."""
        return bool(self._networks)

    def texts(self) -> list[str]:
        """Every known value but networks, as it is written."""
        urls = (url for urls in self._urls.values() for url in urls)
        return [*self._domains, *self._addresses, *self._mails, *urls, *chain(*self._digests.values())]

    def hosts(self) -> set[str]:
        """Of all known URLs and mail addresses: a line that holds one of them is looked at more closely."""
        urls = (host_of(Observable(Kind.URL, url)) for urls in self._urls.values() for url in urls)
        mails = (host_of(Observable(Kind.EMAIL, mail)) for mail in self._mails)
        return {host for host in chain(urls, mails) if host}

    def match(self, seen: Observable) -> tuple[Observable, ...]:
        """Every known value that one in a log is a hit on, in their order."""
        return tuple(sorted(self._met(seen)))

    def names(self, names: Iterable[str]) -> Hits:
        """The same for domain names, all at once."""
        found: Hits = {}
        domains, ends = self._domains, self._ends
        for name in names:
            if name[name.rfind(".", 0, name.rfind(".")) + 1 :] not in ends:
                continue
            start = 0
            while (dot := name.find(".", start)) >= 0:
                if name[start:] in domains:
                    found[name] = (*found.get(name, ()), Observable(Kind.DOMAIN, name[start:]))
                start = dot + 1
        return found

    def addresses(self, addresses: Sequence[str]) -> Hits:
        """The same for addresses of both kinds."""
        found: Hits = {one: (_address(one),) for one in self._addresses.intersection(addresses)}
        for one in self.in_networks(addresses):
            found[one] = (*found.get(one, ()), *self._networks.holding(one))
        return found

    def in_networks(self, addresses: Sequence[str]) -> Iterator[str]:
        """Those of the addresses that lie in a known network, as often as they stand there."""
        return self._networks.meet(addresses)

    def digests(self, digests: Iterable[str]) -> Hits:
        """The same for hexadecimal digests, whose length says their kind."""
        asked = digests if isinstance(digests, set) else set(digests)
        found: Hits = {}
        for kind, known in self._digests.items():
            found.update((one, (Observable(kind, one),)) for one in known & asked)
        return found

    def _met(self, seen: Observable) -> Iterator[Observable]:
        if seen.kind in DIGESTS:
            if seen.value in self._digests[seen.kind]:
                yield seen
            return
        if seen.kind is Kind.EMAIL and seen.value in self._mails:
            yield seen
        if seen.kind is Kind.URL:
            yield from self._above(without_scheme(seen.value))
        host = host_of(seen)
        if host is None:
            return
        if host[-1].isdigit() or ":" in host:
            yield from self.addresses([host]).get(host, ())
        else:
            yield from self.names([host]).get(host, ())

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


def _end(name: str) -> str:
    """The last two labels of a name."""
    return name[name.rfind(".", 0, name.rfind(".")) + 1 :]


def _address(text: str) -> Observable:
    return Observable(Kind.IPV6 if ":" in text else Kind.IPV4, text)
