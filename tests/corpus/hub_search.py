# SPDX-License-Identifier: Apache-2.0
"""Searches all that a hub holds, and the member that read it, for one bank.

Rows are searched with every encoding taken off (`leak_checker`), then the database files and write-ahead logs byte by
byte for the literal names in each encoding: what was deleted or rolled back may still stand there. Requests are
searched head and body, the log line by line.
"""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import apsw
from tests.corpus.alliance import Alliance
from tests.corpus.leak_checker import Leak, Secrets, leaks_in

PLACES = {
    "requests", "log", "hub rows", "hub database", "hub write-ahead log",
    "reader rows", "reader database", "reader write-ahead log",
}  # fmt: skip
"""Every place that is searched."""

_IDENTIFIER = re.compile(
    rb"(?:indicator|grouping|identity|marking-definition)--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rb"|(?:hub|prt|rpt|fct|chn|bat)_[0-9a-f]{32}"
)
"""The product's own, 16 random bytes each."""
_KIND = re.compile(rb"\b(?:domain|url|email):(?=\S)")
"""What stands before a value in a row: ``domain:evil.example``."""
_APART = b"\n" * 8


def search(
    alliance: Alliance, reader: Path, secrets: Secrets
) -> tuple[dict[str, list[Leak]], dict[str, int]]:
    """Every sighting of the bank, by place, and how many bytes were looked at in each."""
    looked: dict[str, int] = {}
    found: dict[str, list[Leak]] = {}
    clean: set[bytes] = set()
    for who, path in (("hub", alliance.hub / "hub.db"), ("reader", reader / "agent.db")):
        rows = set(_rows(path))
        guilty = _guilty(rows - clean, secrets)
        clean |= rows - set(guilty)
        looked[f"{who} rows"], found[f"{who} rows"] = _size(rows), _flat(guilty)
        for name, file in (("database", path), ("write-ahead log", path.with_name(f"{path.name}-wal"))):
            raw = file.read_bytes()
            looked[f"{who} {name}"], found[f"{who} {name}"] = len(raw), list(_buried(raw, clean, secrets))
    for place, pieces in (
        ("requests", {part for one in alliance.requests for part in _parts(bytes(one), clean)}),
        ("log", set(alliance.log.read_bytes().splitlines())),
    ):
        looked[place], found[place] = _size(pieces), _flat(_guilty(pieces, secrets))
    return {place: leaks for place, leaks in found.items() if leaks}, looked


def _size(pieces: set[bytes]) -> int:
    return sum(map(len, pieces))


def _flat(guilty: dict[bytes, list[Leak]]) -> list[Leak]:
    return [leak for leaks in guilty.values() for leak in leaks]


def _guilty(pieces: set[bytes], secrets: Secrets) -> dict[bytes, list[Leak]]:
    """The pieces that tell, each with its leaks; all are searched at once, and one by one only if any does."""
    if not (together := _leaks(pieces, secrets)):
        return {}
    one_by_one = {piece: leaks for piece in pieces if (leaks := _leaks({piece}, secrets))}
    return one_by_one or {b"": together}


def _leaks(pieces: set[bytes], secrets: Secrets) -> list[Leak]:
    """What `leak_checker` finds, with every encoding taken off.

    Signatures are random, and random text does spell a name of two or three letters now and then: such names are
    looked for in documents only, where identifiers have been taken out.
    """
    plain = [_KIND.sub(b" ", _IDENTIFIER.sub(b" ", piece)) for piece in sorted(pieces)]
    documents = [piece for piece in plain if piece.startswith(b"{")]
    others = [piece for piece in plain if not piece.startswith(b"{")]
    long = Secrets(tuple(name for name in secrets.names if len(name) > 3), secrets.domains)
    return [*leaks_in(_APART.join(documents), secrets), *leaks_in(_APART.join(others), long)]


def _rows(path: Path) -> Iterator[bytes]:
    """Every text in every row of every table; keys, salts and digests are left to the search of the whole file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield from filter(_is_text, (v.encode() if isinstance(v, str) else v for v in row))
    finally:
        connection.close()


def _is_text(value: object) -> bool:
    try:
        return isinstance(value, bytes) and bool(value.decode())
    except UnicodeDecodeError:
        return False


def _parts(request: bytes, clean: set[bytes]) -> tuple[bytes, bytes]:
    """Head and body; objects that were found clean as rows are taken out of the body."""
    head, _, body = request.partition(b"\n\n")
    for one in clean:
        if one.startswith(b'{"type":'):
            body = body.replace(one, b"")
    return head, body


def _buried(raw: bytes, clean: set[bytes], secrets: Secrets) -> Iterator[Leak]:
    """Sightings anywhere in the bytes of a file, also where no row is any more.

    Letters stand in it as they are or in one encoding. A sighting inside a value that was found clean as a row is
    allowed: the attacker's own name may hold the bank's.
    """
    lower = raw.lower()
    for secret in (*secrets.names, *secrets.domains):
        for how, needle in _spelt(secret) if len(secret) > 4 else ():
            hay = raw if how == "base64" else lower
            around = {part for value in clean for part in _around(value.lower(), needle)}
            place = hay.find(needle)
            while place >= 0:
                if not any(hay[place - at : place - at + len(part)] == part for at, part in around):
                    yield Leak(secret, how, repr(raw[max(0, place - 40) : place + 80]))
                place = hay.find(needle, place + 1)


def _around(value: bytes, needle: bytes) -> Iterator[tuple[int, bytes]]:
    """Each sighting in a value: how far it stands from the start of the 64 bytes to both sides, and these."""
    place = value.find(needle)
    while place >= 0:
        start = max(0, place - 64)
        yield place - start, value[start : place + len(needle) + 64]
        place = value.find(needle, place + 1)


def _spelt(secret: str) -> Iterator[tuple[str, bytes]]:
    """A name or domain, its words joined in every usual way, in every usual encoding."""
    for text in {joint.join(secret.split()).encode() for joint in ("", " ", "-", "_", ".")}:
        yield "plain", text
        yield "percent", "".join(f"%{byte:02x}" for byte in text).encode()
        yield "quoted-printable", "".join(f"={byte:02x}" for byte in text).encode()
        yield "hexadecimal", text.hex().encode()
        yield "UTF-16", b"\0".join(bytes([byte]) for byte in text)
        for written in (text, text.upper(), text.capitalize()):
            for skip, start in ((0, 0), (1, 2), (2, 3)):
                whole = (skip + len(written)) * 8 // 6
                yield "base64", base64.b64encode(bytes(skip) + written)[start:whole]
