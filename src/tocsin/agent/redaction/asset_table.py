# SPDX-License-Identifier: Apache-2.0
"""A table of what is a bank's own → `OwnAssets`, row by row: one bad row is named with its line and costs no other.

=============  =========================  =======================================================================
kind           of `[own]` in agent.toml   value
=============  =========================  =======================================================================
name           aliases                    a name or brand; further ones in the column ``aliases``, ``;`` between
domain         domains                    an own domain; ``mail-domain`` says the same
network        networks                   CIDR, one address, or ``first-last``
partner        partners                   a domain or network that is never blocked without a human
bic            bic                        8 or 11 letters
iban           iban                       how account numbers begin; ``?`` stands for any digit
bin            bin                        how card numbers begin: 6 or 8 digits, or ``first-last``
host           internal_hosts             a machine's name under no own domain; ``*`` stands for anything
staff          staff                      a person's name, as it is written
=============  =========================  =======================================================================

Separated by commas, semicolons or tabs, in UTF-8. A header names the columns ``kind``, ``value`` and ``aliases`` in any
order beside others, which are passed over; without one these are the first three.

What would call everybody's own is refused: a public suffix, a name that is no institution's alone, ``0.0.0.0/0``.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range

import msgspec

from tocsin.agent.redaction.assets import assets_of, network_in
from tocsin.config.agent import OwnAssets
from tocsin.domain.linter import Network
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import ConfigError, Malformed, TooLarge
from tocsin.wire.registrable import registrable

MAX_BYTES = 8 * 2**20
MAX_ROWS = 50_000
MAX_CELL = 300
MAX_RANGE = 1_000
"""Beginnings of card numbers, or networks, that one ``first-last`` may stand for."""
MOST = {"aliases": 500, "domains": 2_000, "networks": 5_000, "partners": 2_000, "bic": 500, "iban": 500,
        "bin": 5_000, "internal_hosts": 1_000, "staff": 20_000}  # fmt: skip
"""Rows for each setting, in all tables together: names and domains are looked for in whatever would leave."""
WIDEST = {4: 8, 6: 19}
"""Prefix lengths; nobody holds more addresses in one network."""
_KINDS = ("kind", "type")
_LEAST_OF_AN_IBAN = 6
_IBAN = re.compile(r"[A-Z]{2}[0-9?]{2}[A-Z0-9?]{2,30}")
_HOST = re.compile(r"[A-Za-z0-9_.*?-]{2,100}")
_SUFFIXES = ("local", "internal", "lan", "corp", "intra", "intranet", "home", "ad", "priv", "localdomain")
"""Last labels of names that are nobody's in the public DNS, and so may be this bank's."""


class Doubt(msgspec.Struct, frozen=True):
    """One row that was not taken, and why."""

    line: int
    reason: str


class Table(msgspec.Struct, frozen=True):
    """What a table says that the bank owns."""

    rows: tuple[tuple[str, str], ...]
    """Settings of `[own]` with their values, each once, sorted."""
    doubts: tuple[Doubt, ...] = ()


def read_assets(data: bytes) -> Table:
    """Every good row, and why the others are none; Malformed or TooLarge when it is no such table."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"A table of own assets has at most {MAX_BYTES >> 20} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"It is no text in UTF-8 ({error.reason} at byte {error.start:,}).") from None
    rows: dict[tuple[str, str], None] = {}
    doubts = []
    for line, kind, value, aliases in _cells(text):
        try:
            rows.update(dict.fromkeys(_settings(kind, value, aliases)))
        except (Malformed, ConfigError, ValueError) as error:
            reason = error.detail if isinstance(error, Malformed | ConfigError) else f"{error}."
            doubts.append(Doubt(line, reason))
    return Table(tuple(sorted(rows)), tuple(doubts))


def written(table: Table) -> bytes:
    """The rows as a table of their own, for `rows_of`."""
    lines = ["setting,value", *(f'{setting},"{value}"' for setting, value in table.rows)]
    return "\n".join((*lines, "")).encode()


def rows_of(data: bytes) -> tuple[tuple[str, str], ...]:
    """The inverse of `written`; Malformed when somebody has edited it into something else."""
    try:
        rows = list(csv.reader(data.decode().splitlines(), strict=True))[1:]
        found = tuple((setting, value) for setting, value in rows)
    except (csv.Error, UnicodeDecodeError, ValueError) as error:
        raise Malformed(f"It is no table that an import has written ({error}).") from None
    if wrong := next((setting for setting, _ in found if setting not in MOST), ""):
        raise Malformed(f"{wrong[:40]!r} is no setting of own assets.")
    return found


def with_rows(own: OwnAssets, rows: Iterable[tuple[str, str]]) -> OwnAssets:
    """What is declared with these rows behind it, each value once; TooLarge when there are more rows than `MOST`."""
    more: dict[str, dict[str, None]] = {}
    for setting, value in rows:
        more.setdefault(setting, {})[value] = None
    for setting, values in more.items():
        if len(values) > MOST[setting]:
            raise TooLarge(
                f"{len(values):,} {setting} are too many: at most {MOST[setting]:,}.",
                next_step="Leave out what lies below another one, or is no longer in use.",
            )
    whole = {setting: (*getattr(own, setting), *values) for setting, values in more.items()}
    return msgspec.structs.replace(
        own, **{name: tuple(dict.fromkeys(values)) for name, values in whole.items()}
    )


def _cells(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Line, kind, value and aliases of every row that is not empty."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=_separator(text))
    places = {"kind": 0, "value": 1, "aliases": 2}
    for number, row in enumerate(_rows(reader)):
        if number > MAX_ROWS:
            raise TooLarge(f"A table of own assets has at most {MAX_ROWS:,} rows.")
        cells = [cell.strip() for cell in row]
        if number == 0 and (header := _header(cells)):
            places = header
        elif any(cells) and not cells[0].startswith("#"):
            kind, value, aliases = (_cell(cells, places.get(name)) for name in ("kind", "value", "aliases"))
            yield reader.line_num, kind.lower(), value, aliases


def _rows(reader: "Iterable[list[str]]") -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise Malformed(f"It is no table ({error}).") from None


def _header(cells: list[str]) -> dict[str, int]:
    """Where each column stands; empty when the first row is none."""
    lower = [cell.lower() for cell in cells]
    kind = next((lower.index(name) for name in _KINDS if name in lower), None)
    if kind is None or "value" not in lower:
        return {}
    found = {"kind": kind, "value": lower.index("value")}
    return found | ({"aliases": lower.index("aliases")} if "aliases" in lower else {})


def _separator(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _cell(cells: list[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _settings(kind: str, value: str, aliases: str) -> Iterator[tuple[str, str]]:
    """The settings and values of one row; Malformed says why there are none."""
    if kind not in _ROWS:
        raise Malformed(f"{kind[:40]!r} is none of {', '.join(_ROWS)}.")
    setting, forms = _ROWS[kind]
    names = [value, *(aliases.split(";") if kind == "name" else ())]
    for text in filter(None, map(str.strip, names)) if any(names) else [""]:
        if not 0 < len(text) <= MAX_CELL or not text.isprintable() or '"' in text:
            raise Malformed(
                f"A value has 1 to {MAX_CELL} characters that can be shown, and no quotation mark."
            )
        yield from ((setting, form) for form in forms(text))


def _name(text: str) -> Iterable[str]:
    if not assets_of(text).names:
        raise Malformed(f"{text[:80]!r} is no institution's alone: it stands in many names.")
    return (text,)


def _domain(text: str) -> Iterable[str]:
    name = normalise(Kind.DOMAIN, text).value
    if registrable(name) is None and name.rpartition(".")[2] not in _SUFFIXES:
        raise Malformed(f"{name[:80]} is a public suffix or no name of the DNS: it is nobody's alone.")
    return (name,)


def _networks(text: str) -> Iterable[str]:
    first, dash, last = (part.strip() for part in text.partition("-"))
    found = _range(ip_address(first), ip_address(last)) if dash else [ip_network(first, strict=False)]
    for network in found:
        if network.prefixlen < WIDEST[network.version]:
            raise Malformed(f"{network} is wider than any institution's: /{WIDEST[network.version]} at most.")
    return map(str, found)


def _range(first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address) -> Sequence[Network]:
    if isinstance(first, IPv4Address) and isinstance(last, IPv4Address):
        return list(summarize_address_range(first, last))
    if isinstance(first, IPv6Address) and isinstance(last, IPv6Address):
        return list(summarize_address_range(first, last))
    raise Malformed("A range has two addresses of one version.")


def _partner(text: str) -> Iterable[str]:
    return _networks(text) if network_in(text.partition("-")[0].strip()) else _domain(text)


def _bic(text: str) -> Iterable[str]:
    return (normalise(Kind.BIC, text).value,)


def _iban(text: str) -> Iterable[str]:
    begins = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(begins) or len(begins.replace("?", "")) < _LEAST_OF_AN_IBAN:
        raise Malformed("An account number begins with a country, two digits or ??, and the bank's own code.")
    return (begins,)


def _bins(text: str) -> Iterable[str]:
    first, dash, last = (part.strip() for part in text.partition("-"))
    begins = normalise(Kind.BIN, first).value
    if not dash:
        return (begins,)
    ends = normalise(Kind.BIN, last).value
    if len(begins) != len(ends) or not 0 <= int(ends) - int(begins) < MAX_RANGE:
        raise Malformed(f"A range goes up, between numbers of one length, over at most {MAX_RANGE:,}.")
    return (str(number).zfill(len(begins)) for number in range(int(begins), int(ends) + 1))


def _host(text: str) -> Iterable[str]:
    if not _HOST.fullmatch(text) or sum(map(str.isalnum, text)) < 2:
        raise Malformed("A machine's name has two letters or digits at least, beside its *.")
    return (text,)


def _person(text: str) -> Iterable[str]:
    if sum(map(str.isalpha, text)) < 2:
        raise Malformed("A person's name has two letters at least.")
    return (" ".join(text.split()),)


_ROWS: dict[str, tuple[str, Callable[[str], Iterable[str]]]] = {
    "name": ("aliases", _name),
    "domain": ("domains", _domain),
    "mail-domain": ("domains", _domain),
    "network": ("networks", _networks),
    "partner": ("partners", _partner),
    "bic": ("bic", _bic),
    "iban": ("iban", _iban),
    "bin": ("bin", _bins),
    "host": ("internal_hosts", _host),
    "staff": ("staff", _person),
}
