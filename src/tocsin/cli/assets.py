# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent assets DIR …`: tables of what is the bank's own, taken in, listed and let go."""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from tocsin.agent.house import House
from tocsin.agent.own_tables import Difference, difference, let_go, table_name, tables, take_in
from tocsin.agent.redaction.asset_table import MAX_BYTES, Doubt, read_assets
from tocsin.cli.command import Command, Output
from tocsin.cli.screen import counted, printable
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.errors import InputError

SHOWN = 40
"""Changes, and rows that were not taken, that are shown; --json shows all."""
_RESTART = "Commands count it from now on; agent serve when it starts again."


class ListedTable(msgspec.Struct, frozen=True):
    """One table that was imported."""

    name: str
    counts: dict[str, int]


class AssetsListed(msgspec.Struct, frozen=True):
    """Every table that was imported."""

    tables: tuple[ListedTable, ...]


class AssetsChanged(msgspec.Struct, frozen=True):
    """What an import changed, or would."""

    difference: Difference
    doubts: tuple[Doubt, ...] = ()
    """Rows that were not taken."""
    dry_run: bool = False


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = tuple(ListedTable(one.name, one.counts()) for one in tables(house.folder))
    said = tuple(f"{one.name}: {_counts(one.counts)}" for one in found)
    none = "No table was imported: what is your own stands in agent.toml alone."
    yield Output(said or (none,), AssetsListed(found))


def _import(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    path = Path(parsed.file)
    name = table_name(path)
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    try:
        table = read_assets(data)
    except InputError as error:
        raise type(error)(f"{path}: {error.detail}", next_step=error.next_step) from None
    dry = bool(parsed.dry_run)
    found = difference(house.folder, name, table) if dry else take_in(house, name, table, parsed.by)
    yield Output((*_changes(found), *_outcome(found, dry_run=dry)))
    doubts = [f"line {one.line}: {one.reason}" for one in table.doubts]
    if doubts:
        head = f"{counted(len(doubts), 'row')} of {printable(str(path))} not taken:"
        doubts = [head, *_bounded(doubts)]
    yield Output(tuple(doubts), AssetsChanged(found, table.doubts, dry), 1 if doubts else 0)


def _remove(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = let_go(house, table_name(Path(parsed.name)), parsed.by)
    yield Output((*_changes(found), *_outcome(found, dry_run=False)), AssetsChanged(found))


def _changes(found: Difference) -> Iterator[str]:
    lines = [f"+ {setting}: {printable(value)}" for setting, value in found.more]
    lines += [f"- {setting}: {printable(value)}" for setting, value in found.fewer]
    yield from _bounded(lines)


def _outcome(found: Difference, *, dry_run: bool) -> Iterator[str]:
    counts = f"{len(found.more):,} more, {len(found.fewer):,} fewer"
    if not (found.more or found.fewer):
        yield f"{found.name}: nothing changes."
    elif dry_run:
        yield f"{found.name}: {counts}. Nothing was changed."
    else:
        yield f"{found.name}: {counts}. {_RESTART}"


def _bounded(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"and {more:,} more; --json shows all"] if more > 0 else lines


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {setting}" for setting, number in counts.items()) or "no row"


def _table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a table with the columns kind, value and aliases")
    parser.add_argument("--dry-run", action="store_true", help="show what would change; change nothing")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the table's name, as list shows it")


_STEPS: Steps = {
    "list": ("show every table that was imported, and how much each holds", _list, ()),
    "import": ("take a table in, in the place of the one of that name", _import, (_table,)),
    "remove": ("forget a table: only agent.toml and the others count", _remove, (_name,)),
}

ASSETS = Command(
    "agent",
    "assets",
    "take in tables of what is your own: it never leaves, is never blocked",
    take_step,
    partial(add_steps, command="assets", steps=_STEPS),
    "Example: tocsin agent assets my-agent import cmdb.csv --dry-run\n\n"
    "A row is a kind and a value: name (with further ones in the column aliases, ; between), domain, mail-domain, "
    "network, partner, bic, iban, bin, host or staff. It counts as if it stood under [own] in agent.toml: in what "
    "is taken for yours, in what is redacted and in what is never blocked. A bad row is named with its line and costs "
    "no other (exit code 1). The same file again changes nothing; a newer one of that name takes in what is new and "
    "lets go what is gone.",
)
