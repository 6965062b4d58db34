# SPDX-License-Identifier: Apache-2.0
"""What one line or row of a log says: its values, when it was, and whose machine it tells of.

Whatever has names for its fields (Zeek, Suricata's EVE, a table with a header) is read by them: a host and a path in
two fields are one URL, and of the two sides of a connection the one that is not the hit is the machine of ours. All
other texts are read word by word. Fields that nobody knows are read as any other: a hunt must not miss a value because
a sensor has learnt a new field.
Sources: Zeek's log formats, Suricata's EVE format, RFC 5424 §6 and RFC 3164 §4.1 (syslog), by field.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from tocsin.agent.hunting.words import values_in
from tocsin.clock import LAST, SECOND, Instant
from tocsin.domain.observable import Kind, Observable, host_of, normalise
from tocsin.errors import Malformed

MAX_FIELDS = 2_000
"""Texts of one line that are read."""
Pairs = Iterable[tuple[str, str]]
"""Fields with their texts; those of a part are named ``part.field``, and one may stand several times."""

TIMES = (
    "ts",
    "timestamp",
    "@timestamp",
    "time",
    "_time",
    "eventtime",
    "starttime",
    "timegenerated",
    "flowstarttime",
    "datetime",
    "date",
)
"""Fields that say when, in lower case, the surest first."""
SIDES = (
    ("id.orig_h", "id.resp_h"),
    ("id_orig_h", "id_resp_h"),
    ("src_ip", "dest_ip"),
    ("src_ip", "dst_ip"),
    ("srcip", "destip"),
    ("srcip", "dstip"),
    ("srcaddr", "dstaddr"),
    ("sourceip", "destinationip"),
    ("source_ip", "destination_ip"),
    ("source.ip", "destination.ip"),
    ("src", "dst"),
)
"""Fields of who began, and of the other side."""
_URLS = (("host", "uri"), ("http.hostname", "http.url"), ("hostname", "url"))
"""Fields that are one URL together."""
_SYSLOG = re.compile(
    r"<\d{1,3}>(?:1 (?P<at>\S{1,40}) (?P<host>\S{1,255}) |\w{3} [ \d]\d [\d:]{8} (?P<old_host>\S{1,255}) )"
)
_LEADING = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]{5,15}(?:Z|[+-]\d\d:?\d\d)?")
_EPOCH = re.compile(r"\d{1,20}(?:\.\d*)?(?:[eE]\+?\d{1,2})?", re.ASCII)
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


class Record(msgspec.Struct, frozen=True):
    """One line or row."""

    values: frozenset[Observable]
    at: Instant = Instant(0)
    """0: it does not say when."""
    began: str = ""
    """The machine that began, or that the line is of; empty: nobody says."""
    other: str = ""

    def machine(self, met: Observable) -> str:
        """Whose machine met a value: the side that is not the value itself."""
        return self.other if host_of(met) == self.began and self.other else self.began


def record_of_text(line: str) -> Record:
    """A line without fields; syslog's header says when and who."""
    values = frozenset(values_in(line))
    if header := _SYSLOG.match(line):
        return Record(values, when(header["at"] or ""), header["host"] or header["old_host"] or "")
    leading = _LEADING.match(line)
    return Record(values, when(leading[0]) if leading else Instant(0))


def record_of_fields(pairs: Pairs) -> Record:
    """A line or row with names for its fields."""
    values: set[Observable] = set()
    named: dict[str, str] = {}
    for number, (name, text) in enumerate(pairs):
        if number == MAX_FIELDS:
            break
        named.setdefault(name.lower(), text)
        values.update(values_in(text))
    for host, path in _URLS:
        values.update(_url(named.get(host, ""), named.get(path, "")))
    began, other = next(((named[a], named[b]) for a, b in SIDES if a in named and b in named), ("", ""))
    at = next((named[name] for name in TIMES if name in named), "")
    return Record(frozenset(values), when(at), _side(began), _side(other))


def pairs_of(tree: Mapping[str, object], within: str = "") -> Iterator[tuple[str, str]]:
    """Every text and number of a JSON object, with the names that lead to it."""
    for name, value in tree.items():
        yield from _leaves(f"{within}{name}", value)


def when(text: str) -> Instant:
    """A time as logs write it, in UTC where they do not say: RFC 3339 and its relatives, or seconds since 1970.

    0 for what is none, or lies outside of what can be written.
    """
    try:
        seconds = float(text) if _EPOCH.fullmatch(text) else _moment(text)
    except (ValueError, OverflowError):
        return Instant(0)
    while seconds > LAST / SECOND:  # milliseconds, microseconds
        seconds /= 1_000
    return Instant(int(seconds * SECOND)) if seconds > 0 else Instant(0)


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text.replace("/", "-", 2)))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _leaves(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        yield from pairs_of(value, f"{name}.")
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(name, one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, str(value)


def _url(host: str, path: str) -> Iterator[Observable]:
    if host and path.startswith("/"):
        try:
            yield normalise(Kind.URL, f"http://{host}{path}")
        except Malformed:
            return


def _side(text: str) -> str:
    """An address in normal form; whatever else stands there, shortened."""
    found = next(values_in(text), None)
    return found.value if found and found.kind in (Kind.IPV4, Kind.IPV6) else text.strip()[:255]
