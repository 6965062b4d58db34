# SPDX-License-Identifier: Apache-2.0
"""The tables of own assets that a bank has imported: what they say counts as if it stood in agent.toml.

Each is kept under the name of its file, in the place of the one that had that name: importing the same export every
night takes in what is new and lets go what is gone. Only good rows are kept. The files are for their owner only, as
agent.toml is; a backup does without both.
"""

from collections import Counter
from pathlib import Path, PurePath

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.redaction.asset_table import Table, rows_of, with_rows, written
from tocsin.agent.redaction.assets import own_assets
from tocsin.config.agent import OwnAssets
from tocsin.errors import ConfigError, Malformed, TocsinError, Unknown
from tocsin.files import replace_file
from tocsin.storage.store import Transaction

FOLDER = "own"
MAX_TABLES = 50
_MOST_NAME = 100


class Tabled(msgspec.Struct, frozen=True):
    """One table that counts."""

    name: str
    rows: tuple[tuple[str, str], ...]

    def counts(self) -> dict[str, int]:
        """How many values for each setting."""
        return dict(sorted(Counter(setting for setting, _ in self.rows).items()))


class Difference(msgspec.Struct, frozen=True):
    """What a table would change of the one that had its name."""

    name: str
    more: tuple[tuple[str, str], ...]
    fewer: tuple[tuple[str, str], ...]


def tables(folder: Path) -> tuple[Tabled, ...]:
    """Every table of the agent in a folder, by name; ConfigError names one that cannot be read."""
    place = folder / FOLDER
    return tuple(_read(path) for path in sorted(place.glob("*.csv"))) if place.is_dir() else ()


def declared(folder: Path, own: OwnAssets) -> OwnAssets:
    """What agent.toml says with what the tables say; ConfigError when both together make no sense."""
    found = tables(folder)
    if not found:
        return own
    try:
        return with_rows(own, (row for table in found for row in table.rows))
    except TocsinError as error:
        raise ConfigError(f"{folder / FOLDER}: {error.detail}", next_step=error.next_step) from None


def difference(folder: Path, name: str, table: Table) -> Difference:
    """What changes when a table takes its place."""
    before = {row for one in tables(folder) if one.name == name for row in one.rows}
    now = set(table.rows)
    return Difference(name, tuple(sorted(now - before)), tuple(sorted(before - now)))


def take_in(house: House, name: str, table: Table, by: str) -> Difference:
    """Put a table in its place; TooLarge or ConfigError, and nothing changes, when all together would be too much."""
    found = difference(house.folder, name, table)
    others = [one for one in tables(house.folder) if one.name != name]
    if len(others) >= MAX_TABLES:
        raise Malformed(f"An agent holds at most {MAX_TABLES} tables of own assets.")
    rows = [row for one in others for row in one.rows]
    own_assets(with_rows(OwnAssets(house.config.own.legal_name), (*rows, *table.rows)))
    place = house.folder / FOLDER
    if found.more or found.fewer or not (place / name).exists():
        place.mkdir(mode=0o700, exist_ok=True)
        _note(house, by, "imported own assets", found)
        replace_file(place / name, written(table))
    return found


def let_go(house: House, name: str, by: str) -> Difference:
    """Forget a table; Unknown when there is none of that name."""
    path = house.folder / FOLDER / name
    if name not in {one.name for one in tables(house.folder)}:
        raise Unknown(f"No table {name[:80]!r} of own assets was imported here.")
    found = difference(house.folder, name, Table(()))
    _note(house, by, "forgot own assets", found)
    path.unlink()
    return found


def table_name(path: PurePath) -> str:
    """The name under which a file's table is kept; Malformed for one that no file of ours can bear."""
    stem = path.stem.strip(". ")
    if not stem or len(stem) > _MOST_NAME or not stem.isprintable():
        raise Malformed(f"A table's file has a name of 1 to {_MOST_NAME} characters that can be shown.")
    return f"{stem}.csv"


def _read(path: Path) -> Tabled:
    try:
        return Tabled(path.name, rows_of(path.read_bytes()))
    except Malformed as error:
        raise ConfigError(
            f"{path}: {error.detail}",
            next_step="Delete it, and import the table again: tocsin agent assets DIR import FILE.",
        ) from None


def _note(house: House, by: str, what: str, found: Difference) -> None:
    why = f"{len(found.more)} more, {len(found.fewer)} fewer"

    def work(tx: Transaction) -> None:
        """One line of the journal."""
        write(tx, house.vault.box, Decision(house.clock.now(), by, what, found.name, why))

    house.store.run("own assets", work)
