# SPDX-License-Identifier: Apache-2.0
"""Everything that a model's party is left with: packets, a log, and a real database in a real file."""

from collections.abc import Iterable
from pathlib import Path
from typing import LiteralString

import apsw

from tocsin.bench.linkability.path import Line, Packet, View
from tocsin.clock import Instant

Cell = int | str | bytes | None


class Notebook:
    """One party's."""

    def __init__(self, folder: Path, party: str, schema: LiteralString) -> None:
        self._packets: list[Packet] = []
        self._lines: list[Line] = []
        self._file = folder / f"{party}.db"
        self._database = apsw.Connection(str(self._file))
        self._database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
        self._database.execute(schema)

    def hears(self, at: int, size: int, peer: str) -> None:
        """A packet came."""
        self._packets.append(Packet(Instant(at), size, inbound=True, peer=peer))

    def says(self, at: int, size: int, peer: str) -> None:
        """A packet went."""
        self._packets.append(Packet(Instant(at), size, inbound=False, peer=peer))

    def logs(self, at: int, text: str) -> None:
        """A line at DEBUG."""
        self._lines.append(Line(Instant(at), text))

    def keeps(self, statement: LiteralString, rows: Iterable[tuple[Cell, ...]]) -> None:
        """Rows, in one transaction."""
        with self._database:
            self._database.executemany(statement, rows)

    def view(self) -> View:
        """What is left; the party does nothing after it."""
        files = {one.name: one.read_bytes() for one in sorted(self._file.parent.glob(f"{self._file.name}*"))}
        self._database.close()
        kept = {name: data for name, data in files.items() if not name.endswith("-shm")}
        return View(tuple(self._packets), tuple(self._lines), kept)
