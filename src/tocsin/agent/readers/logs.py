# SPDX-License-Identifier: Apache-2.0
"""Logs of Zeek (JSON and TSV) and Suricata (EVE JSON) → a `Reading`.

Every line counts, by its kind, also when fields are missing; one that is no record is a defect with its number. A log
tells who spoke to whom and accuses nobody: its hosts, addresses, names, URLs and digests are mentioned (``text``), for
a person to say which of them were the attacker's. What a Suricata alert or a Zeek notice or intel hit is about comes
first, so that nobody need search for it. Sources: Zeek's log formats and Suricata's EVE format, by field.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from tocsin.agent.readers.cells import value_in
from tocsin.agent.readers.gather import Gathering, plain
from tocsin.agent.readers.reading import MAX_TEXT, Reading
from tocsin.domain.observable import Kind
from tocsin.errors import Unreadable

MAX_LINES = 1_000_000
MAX_KINDS = 200
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a line that is no JSON raises."""
_FIRST = frozenset({"alert", "notice", "intel"})
"""Kinds of lines in which a sensor says that something is wrong."""
_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")
"""How Zeek writes the separator of its fields."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """One line: the fields of either program that hold what can be told. All are optional."""

    path: str = msgspec.field(default="", name="_path")
    event_type: str = ""
    orig: str = msgspec.field(default="", name="id.orig_h")
    resp: str = msgspec.field(default="", name="id.resp_h")
    src_ip: str = ""
    dest_ip: str = ""
    src: str = ""
    dst: str = ""
    host: str = ""
    query: str = ""
    uri: str = ""
    server_name: str = ""
    mailfrom: str = ""
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
    indicator: str = msgspec.field(default="", name="seen.indicator")
    dns: "Dns | None" = None
    http: "Http | None" = None
    tls: "Tls | None" = None
    alert: "Alert | None" = None
    fileinfo: "File | None" = None


class Dns(msgspec.Struct, frozen=True):
    """EVE: a question or an answer."""

    rrname: str = ""
    rdata: str = ""


class Http(msgspec.Struct, frozen=True):
    """EVE: a request."""

    hostname: str = ""
    url: str = ""


class Tls(msgspec.Struct, frozen=True):
    """EVE: a handshake."""

    sni: str = ""


class File(msgspec.Struct, frozen=True):
    """EVE: a file that was seen."""

    md5: str = ""
    sha1: str = ""
    sha256: str = ""


class Alert(msgspec.Struct, frozen=True):
    """EVE: a rule that matched."""

    signature: str = ""


_WORDS = frozenset(field.encode_name for field in msgspec.structs.fields(Record) if field.type is str)


def is_log(head: bytes) -> bool:
    """Whether a file begins as one of these logs do."""
    if head.startswith(b"#separator"):
        return True
    line = head.split(b"\n", 1)[0]
    marks = (b'"event_type"', b'"_path"', b'"id.orig_h"', b'"uid"', b'"note"')
    return (
        line.startswith(b"{")
        and (b'"ts"' in line or b'"timestamp"' in line)
        and any(one in line for one in marks)
    )


def read_log(data: bytes) -> Reading:
    """Every line of a log."""
    reader = _Reader()
    lines = data.split(b"\n")
    if len(lines) > MAX_LINES:
        raise Unreadable(f"It has more than {MAX_LINES:,} lines; cut it.")
    reader.read(_tsv(lines) if data.startswith(b"#separator") else _json(lines))
    return reader.reading(lines)


class _Reader:
    def __init__(self) -> None:
        self._gathering = Gathering()
        self._counts: Counter[str] = Counter()
        self._seen: set[tuple[str, str]] = set()
        self._later: list[tuple[Kind, str, str]] = []
        self._suricata = False

    def read(self, records: Iterator[tuple[int, Record | str]]) -> None:
        """Take every line in; those in which a sensor complains first."""
        for number, record in records:
            where = f"line {number}"
            if isinstance(record, str):
                self._counts["unreadable"] += 1
                self._gathering.defect(where, record)
                continue
            kind = plain(record.event_type or record.path or "lines", 100)
            self._suricata |= bool(record.event_type)
            self._counts[kind if kind in self._counts or len(self._counts) < MAX_KINDS else "other"] += 1
            for raw in _values(record):
                self._take(raw, where, first=kind in _FIRST)
        for kind_of, raw, where in self._later:
            self._gathering.mention(kind_of, raw, where)

    def reading(self, lines: list[bytes]) -> Reading:
        """What was gathered."""
        return Reading(
            format="suricata" if self._suricata else "zeek",
            text=plain(b"\n".join(lines[:50]).decode("utf-8", "replace"), MAX_TEXT),
            found=self._gathering.found(),
            counts=tuple(sorted(self._counts.items())),
            defects=self._gathering.defects(),
        )

    def _take(self, raw: str, where: str, *, first: bool) -> None:
        if (raw, "first" if first else "") in self._seen:
            return
        self._seen.add((raw, "first" if first else ""))
        found = value_in(raw)
        if found and first:
            self._gathering.mention(*found, where)
        elif found:
            self._later.append((*found, where))


def _values(record: Record) -> Iterator[str]:
    """The words of a line that may be values."""
    yield from filter(None, (record.orig, record.resp, record.src_ip, record.dest_ip, record.src, record.dst))
    yield from filter(
        None, (record.host, record.query, record.server_name, record.mailfrom, record.indicator)
    )
    yield from filter(None, (record.md5, record.sha1, record.sha256))
    if record.uri and record.host:
        yield f"http://{record.host}{record.uri}" if record.uri.startswith("/") else record.uri
    if record.dns:
        yield from filter(None, (record.dns.rrname, record.dns.rdata))
    if record.http and record.http.hostname:
        yield f"http://{record.http.hostname}{record.http.url}"
    if record.tls and record.tls.sni:
        yield record.tls.sni
    if record.fileinfo:
        yield from filter(None, (record.fileinfo.md5, record.fileinfo.sha1, record.fileinfo.sha256))


def _json(lines: list[bytes]) -> Iterator[tuple[int, Record | str]]:
    decode: Callable[[bytes], Record] = msgspec.json.Decoder(Record).decode
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, decode(line)
            except _BROKEN as error:
                yield number, _loose(line) or f"is no record: {error}"


def _loose(line: bytes) -> Record | None:
    """A record in which some field is of another type than usual, with those that are usual."""
    try:
        raw = msgspec.json.decode(line, type=dict[str, object])
        usual = {name: value for name, value in raw.items() if name in _WORDS and isinstance(value, str)}
        return msgspec.convert(usual, Record)
    except _BROKEN:
        return None


def _tsv(lines: list[bytes]) -> Iterator[tuple[int, Record | str]]:
    """Zeek's own format: the header says the separator, the log's name and the fields."""
    separator, path, fields = "\t", "", list[str]()
    for number, raw in enumerate(lines, 1):
        line = raw.decode("utf-8", "replace").rstrip("\r")
        if line.startswith("#separator "):
            separator = _separator(line)
        elif line.startswith("#path"):
            path = line.partition(separator)[2]
        elif line.startswith("#fields"):
            fields = line.split(separator)[1:]
        elif line and not line.startswith("#"):
            cells = line.split(separator)
            named = {
                name: cell for name, cell in zip(fields, cells, strict=False) if cell not in ("-", "(empty)")
            }
            if len(cells) != len(fields):
                yield number, f"has {len(cells)} fields where the header names {len(fields)}"
                continue
            try:
                yield number, msgspec.convert({**named, "_path": path, "event_type": ""}, Record)
            except msgspec.ValidationError as error:
                yield number, f"is no record: {error}"


def _separator(line: str) -> str:
    """The character that a header writes, mostly as its escape; a tab where it writes none."""
    written = line.partition(" ")[2]
    if escaped := _ESCAPED.match(written):
        return chr(int(escaped[1], 16))
    return written[:1].replace("\\", "\t") or "\t"
