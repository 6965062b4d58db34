# SPDX-License-Identifier: Apache-2.0
"""The mails of a folder as the product's own reader reads them, and what of a mail a shield can stop it by.

What is in a folder whose name begins with ``phish`` attacked somebody; everything else is ordinary mail. A file
``labels.csv`` beside them, if there is one, says whose name each abuses: those institutions are the first members.

A mail is stopped by a value at level `block` that stands anywhere in it, or that a host in it lies under: exactly what
the protection files hold. Features of a mail that are no such value would join in `stoppers`, as soon as a reading
holds them and a level can be asked of them.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import msgspec

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.assets import covering
from tocsin.agent.redaction.classify import Classifier
from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable, host_of
from tocsin.errors import InputError, UsageError

LABELS = "labels.csv"
_ATTACKS = "phish"
_SHORT = re.compile("[a-z0-9]{2,30}")
_LEADS = frozenset({"link", "landing-host"})
"""Parts by which a mail leads its reader somewhere."""
_PLACES = frozenset({Kind.DOMAIN, Kind.IPV4, Kind.IPV6})


class Mail(msgspec.Struct, frozen=True):
    """One mail, as it lay there and as it was read."""

    name: str
    data: bytes
    reading: Reading

    @property
    def at(self) -> Instant | None:
        """When it came, if it says so."""
        return self.reading.happened


class Corpus(msgspec.Struct, frozen=True):
    """What was read of a folder."""

    phish: tuple[Mail, ...]
    ordinary: tuple[Mail, ...]
    institutions: tuple[str, ...]
    """Short names of those whose name is abused, the most abused first."""
    unread: int
    """Files that the reader refused."""


def load(folder: Path) -> Corpus:
    """Read every mail below a folder; UsageError when no attack is among them."""
    phish: list[Mail] = []
    ordinary: list[Mail] = []
    unread = 0
    with ReaderChild() as child:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".csv"):
            name, data = path.relative_to(folder).as_posix(), path.read_bytes()
            try:
                mail = Mail(name, data, child.read(data, path.name))
            except InputError:
                unread += 1
                continue
            (phish if name.startswith(_ATTACKS) else ordinary).append(mail)
    if not phish:
        raise UsageError(
            f"No mail that attacked somebody is in {folder}.",
            next_step=f"Put such mails into a folder below it whose name begins with {_ATTACKS}.",
        )
    return Corpus(tuple(phish), tuple(ordinary), tuple(_institutions(folder / LABELS)), unread)


def stoppers(reading: Reading) -> frozenset[Observable]:
    """Every value that would stop this mail if it were blocked."""
    found = {one.observable for one in reading.found}
    hosts = {host for one in found if (host := host_of(one))}
    return frozenset(found).union(place for host in hosts for place in _places(host))


def led_to(reading: Reading) -> frozenset[Observable]:
    """The hosts that it leads its reader to, and what they lie under: what stops the next copy too, whatever its links
    say behind the host.
    """
    hosts = {host for one in reading.found if one.part in _LEADS and (host := host_of(one.observable))}
    return frozenset(
        one
        for one in stoppers(reading)
        if one.kind in _PLACES and any(covering(host, frozenset({one.value})) for host in hosts)
    )


def leads_to_attacker(reading: Reading, classifier: Classifier) -> bool:
    """Whether it leads to a host that the attacker may hold alone: no shared place, no institution's own name.

    By these lists alone: what else speaks for or against the host is what is measured.
    """
    return any(
        one.part in _LEADS
        and host_of(one.observable)
        and not classifier.place(one.observable)
        and not classifier.genuine(one.observable)
        for one in reading.found
    )


def _places(host: str) -> Iterator[Observable]:
    """The address, or the name and every name above it that has a dot."""
    with suppress(ValueError):
        yield Observable(Kind.IPV6 if ip_address(host).version == 6 else Kind.IPV4, host)
        return
    while "." in host:
        yield Observable(Kind.DOMAIN, host)
        host = host.partition(".")[2]


def _institutions(labels: Path) -> Iterable[str]:
    if not labels.exists():
        return ()
    with labels.open(newline="", encoding="utf-8", errors="replace") as file:
        said = ((row.get("brand") or "").replace("_", "") for row in csv.DictReader(file))
        counted = Counter(short for short in said if _SHORT.fullmatch(short))
    return (short for short, _ in counted.most_common())
