# SPDX-License-Identifier: Apache-2.0
"""Suricata datasets: lists that are looked up instead of compiled, with the few rules that ask them (Suricata 7 on).

A hundred thousand values cost one lookup for each packet or request, where as many rules cost minutes at each load. A
name matches exactly, because a dataset knows no endings: the rules of the ``suricata`` shield match what is below a
name too. Networks belong there as well. The rules stand beside their lists, from where Suricata loads them, and are
replaced last. Source: Suricata User Guide, "Datasets" and "File Keywords" (filemd5, filesha1, filesha256).
"""

import base64
from collections.abc import Iterable, Sequence

from tocsin.agent.shields.suricata import SID_FIRST
from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

_SID = SID_FIRST - 100
"""Below the numbers that belong to values."""
_ANY = "any any -> any any"
_NAMES, _ADDRESSES = "tocsin-domains.lst", "tocsin-addresses.lst"
_HASHES = {Kind.MD5: "tocsin-md5.lst", Kind.SHA1: "tocsin-sha1.lst", Kind.SHA256: "tocsin-sha256.lst"}
_KINDS = frozenset({Kind.DOMAIN, Kind.IPV4, Kind.IPV6, *_HASHES})


class DatasetsShield:
    """Lists of names, addresses and hashes, and their rules."""

    def name(self) -> str:
        """``datasets``"""
        return "datasets"

    def holds(self, observable: Observable) -> bool:
        """Names, addresses and file hashes."""
        return observable.kind in _KINDS

    def limits(self) -> str:
        """What is left out."""
        return "datasets hold exact names, single addresses, MD5, SHA-1 and SHA-256"

    def most(self) -> int:
        """A million strings are about 100 MB of Suricata's memory."""
        return 1_000_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """The lists, each sorted, then ``tocsin-datasets.rules``."""
        by_kind: dict[Kind, list[str]] = {kind: [] for kind in _KINDS}
        for one in sorted(one.observable for one in blocked if self.holds(one.observable)):
            by_kind[one.kind].append(one.value)
        hashes = {name: by_kind[kind] for kind, name in _HASHES.items()}
        return {
            _NAMES: _lines(base64.b64encode(name.encode()).decode() for name in by_kind[Kind.DOMAIN]),
            _ADDRESSES: _lines(by_kind[Kind.IPV4] + by_kind[Kind.IPV6]),
            **{name: _lines(values) for name, values in hashes.items()},
            "tocsin-datasets.rules": _lines(_rules({name for name, values in hashes.items() if values})),
        }


def _rules(hashes: set[str]) -> Iterable[str]:
    """The rules; those for file hashes only where there are some, because Suricata loads no empty list of them."""
    names = f"dataset:isset,tocsin-domains,type string,load {_NAMES}; "
    addresses = f"dataset:isset,tocsin-addresses,type ip,load {_ADDRESSES}; "
    matches = [
        ("dns", f"dns.query; to_lowercase; {names}"),
        ("tls", f"tls.sni; to_lowercase; {names}"),
        ("http", f"http.host; {names}"),
        ("ip", f"ip.src; {addresses}"),
        ("ip", f"ip.dst; {addresses}"),
        *(("http", f"{_keyword(name)}:{name}; ") for name in _HASHES.values() if name in hashes),
    ]
    for number, (protocol, match) in enumerate(matches):
        yield f'drop {protocol} {_ANY} (msg:"TOCSIN dataset"; {match}sid:{_SID + number}; rev:1;)'


def _keyword(name: str) -> str:
    return "file" + name.removeprefix("tocsin-").removesuffix(".lst")


def _lines(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()
