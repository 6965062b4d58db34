# SPDX-License-Identifier: Apache-2.0
"""Recognises a file that was looked at before, by a keyed digest of its bytes: what the disk shows tells nobody which.

A file is seen **for one use**: collected, or looked through by `tocsin agent report` under the same rules. Other
rules, such as another own domain, are another use, and it is looked at again. A power cut between a report and its
row here costs a second look and no second report: `tocsin.agent.reported` knows every report by its file.
"""

from hashlib import sha256
from typing import BinaryIO

import msgspec

from tocsin import __version__
from tocsin.agent.house import House
from tocsin.agent.warninglists import stamps
from tocsin.clock import midnight
from tocsin.storage.store import Transaction

_PART = 2**20


class Came(msgspec.Struct, frozen=True):
    """What came of a file."""

    reports: tuple[str, ...] = ()
    """Those made of what was in it; none: there was nothing to report."""


class _Row(msgspec.Struct, frozen=True):
    box: bytes


class Seen:
    """The files of one agent that were looked at for one use."""

    def __init__(self, house: House, use: str) -> None:
        self._house = house
        self._box = house.vault.box
        self._use = f"seen/{use}"

    def mark(self, file: BinaryIO) -> bytes:
        """By what an open file is recognised: one read of it, whatever its size; it stands at its beginning again."""
        digest = sha256()
        while part := file.read(_PART):
            digest.update(part)
        file.seek(0)
        return self._box.digest(digest.digest(), self._use)

    def came_of(self, mark: bytes) -> Came | None:
        """What came of the file; None when it was not looked at."""
        with self._house.store.reading("seen before") as tx:
            row = tx.one("seen", {"digest": mark}, into=_Row)
        return msgspec.msgpack.decode(self._box.open(row.box, _context(mark)), type=Came) if row else None

    def keep(self, tx: Transaction, mark: bytes, came: Came) -> None:
        """Remember a file, in the transaction of what came of it; the newest million stay."""
        sealed = self._box.seal(msgspec.msgpack.encode(came), _context(mark))
        tx.run("keep_seen", {"digest": mark, "at": midnight(self._house.clock.now()), "box": sealed})
        tx.run("bound_seen", {})


def reporting(house: House, *choices: str) -> str:
    """The use for which files are looked through to report them: all by which it is decided what leaves of one.

    `choices` are those of the person, such as audiences and label; the rest are the version, what the settings call
    this bank's own, and the warning lists.
    """
    lists = [(file.name, installed) for file, installed in stamps(house.folder)]
    return sha256(msgspec.json.encode((__version__, house.config.own, lists, choices))).hexdigest()


def _context(mark: bytes) -> str:
    return f"seen/{mark.hex()}"
