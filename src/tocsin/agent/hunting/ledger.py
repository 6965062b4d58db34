# SPDX-License-Identifier: Apache-2.0
"""Keeps what hunts found, sealed, and which log has been hunted through for which values.

Found is a value in a log: the same log again replaces it, and a log that is still being written adds to it. Of the log
itself only its place is kept. A log is known again by a keyed digest of its place, size and last change.

Values belong to rounds. Each hunt begins a round, with the values that no hunt has known before; a log that was hunted
through in round r needs those of later rounds, and no others. So a hunt that was broken off goes on where it was, and
news are hunted without hunting everything again.
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from tocsin.agent.hunting.found import MAX_FORMS, MAX_MACHINES, Found
from tocsin.agent.hunting.tail import Position
from tocsin.clock import Instant
from tocsin.domain.observable import Observable
from tocsin.errors import VaultLocked
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction

MAX_SHOWN = 100_000
"""Findings that are looked at, the newest."""
_ROUND = "hunting round"

S = TypeVar("S", bound=msgspec.Struct)


class Here(msgspec.Struct, frozen=True):
    """One value in one log of this party's."""

    log: str
    """Its place, or which listener heard it."""
    found: Found


class Told(msgspec.Struct, frozen=True):
    """What became of a value that was found here."""

    observable: Observable
    by: str
    message: str = ""
    """The sighting that tells others; empty: nobody is told."""
    why: str = ""
    """Why nobody is told."""


class Hunt(msgspec.Struct, frozen=True):
    """One hunt, as far as it is."""

    id: str
    began: Instant
    by: str
    through: tuple[str, ...]
    """Files and folders, as they were named."""
    values: int
    logs: int
    done: int = 0
    skipped: int = 0
    """Logs that had been hunted through for all of these values."""
    lines: int = 0
    odd: int = 0
    found: int = 0
    """Values that were found, counted in each log."""
    ended: Instant = Instant(0)
    """0: it was broken off, or runs."""
    problems: tuple[str, ...] = ()
    """Logs that were not, or not wholly, read: the first of them."""
    unread: int = 0
    """How many such there are."""


class _Box(msgspec.Struct, frozen=True):
    box: bytes


class _Sealed(msgspec.Struct, frozen=True):
    digest: bytes
    box: bytes


class _Named(msgspec.Struct, frozen=True):
    id: str
    box: bytes


class _Value(msgspec.Struct, frozen=True):
    value: str
    round: int


class _Round(msgspec.Struct, frozen=True):
    round: int


class _Mark(msgspec.Struct, frozen=True):
    value: str


def begin_round(tx: Transaction, values: Iterable[str]) -> tuple[int, dict[str, int]]:
    """The number of a new round, and of every one of these values the round in which it was first hunted."""
    mark = tx.one("mark", {"name": _ROUND}, into=_Mark)
    number = int(mark.value) + 1 if mark else 1
    asked = list(values)
    tx.run("forget_hunted_values", {})
    if not tx.run_each("hunt_value", [{"value": value, "round": number} for value in asked]) and mark:
        number -= 1
    tx.run("save_mark", {"name": _ROUND, "value": str(number)})
    rounds = {row.value: row.round for row in tx.all("hunted_values", {}, into=_Value)}
    return number, {value: rounds[value] for value in asked}


def round_of(tx: Transaction, box: Box, stamp: str) -> int:
    """The last round that went through a log; 0 when none did."""
    row = tx.one("hunted_log", {"digest": box.digest(stamp.encode(), "hunted log")}, into=_Round)
    return row.round if row else 0


def keep_round(tx: Transaction, box: Box, stamp: str, number: int) -> None:
    """A round went through a log."""
    tx.run("keep_hunted_log", {"digest": box.digest(stamp.encode(), "hunted log"), "round": number})
    tx.run("bound_hunted_logs", {})


def keep_found(
    tx: Transaction, box: Box, log: str, found: Iterable[Found], at: Instant, *, add: bool
) -> None:
    """Keep what was found in a log; `add` when it is a piece of one that goes on."""
    for one in found:
        digest = box.digest(f"{one.observable}\n{log}".encode(), "found here")
        if add and (row := tx.one("found_here", {"digest": digest}, into=_Box)):
            before = _open(box, row.box, _place(digest), Here)
            kept = Here(log, joined((before.found, one)))
        else:
            kept = Here(log, one)
        sealed = box.seal(msgspec.msgpack.encode(kept), _place(digest))
        tx.run("keep_found_here", {"digest": digest, "at": at, "box": sealed})


def found_here(tx: Transaction, box: Box) -> list[Here]:
    """What was found, the newest first."""
    rows = tx.all("all_found_here", {"limit": MAX_SHOWN}, into=_Sealed)
    return [_open(box, row.box, _place(row.digest), Here) for row in rows]


def keep_told(tx: Transaction, box: Box, told: Told, at: Instant) -> None:
    """It was decided who hears of a value."""
    digest = box.digest(str(told.observable).encode(), "found told")
    sealed = box.seal(msgspec.msgpack.encode(told), f"told/{digest.hex()}")
    tx.run("keep_found_told", {"digest": digest, "at": at, "box": sealed})


def told(tx: Transaction, box: Box) -> dict[Observable, Told]:
    """What was decided of each value."""
    rows = tx.all("all_found_told", {"limit": MAX_SHOWN}, into=_Sealed)
    known = (_open(box, row.box, f"told/{row.digest.hex()}", Told) for row in rows)
    return {one.observable: one for one in known}


def forget(tx: Transaction, before: Instant) -> int:
    """Erase what was found and decided before some time; how many findings those were."""
    tx.run("forget_found_told", {"before": before})
    return tx.run("forget_found_here", {"before": before})


def keep_hunt(tx: Transaction, box: Box, hunt: Hunt) -> None:
    """How a hunt does."""
    sealed = box.seal(msgspec.msgpack.encode(hunt), f"hunt/{hunt.id}")
    tx.run("keep_hunt", {"id": hunt.id, "began": hunt.began, "box": sealed})
    tx.run("bound_hunts", {})


def hunts(tx: Transaction, box: Box, limit: int) -> list[Hunt]:
    """The newest of them."""
    rows = tx.all("hunts", {"limit": limit}, into=_Named)
    return [_open(box, row.box, f"hunt/{row.id}", Hunt) for row in rows]


def position(tx: Transaction, box: Box, name: str) -> Position:
    """Where a followed file stands."""
    row = tx.one("source", {"name": name}, into=_Box)
    return _open(box, row.box, f"source/{name}", Position) if row else Position()


def keep_position(tx: Transaction, box: Box, name: str, position: Position) -> None:
    """The same, as it is now."""
    sealed = box.seal(msgspec.msgpack.encode(position), f"source/{name}")
    tx.run("save_source", {"name": name, "box": sealed})


def joined(parts: Iterable[Found]) -> Found:
    """The same value in several logs, or in several pieces of one."""
    several = list(parts)
    machines = sorted({machine for one in several for machine in one.machines})
    forms = sorted({form for one in several for form in one.forms})
    return Found(
        several[0].observable,
        sum(one.lines for one in several),
        min((one.first for one in several if one.first), default=Instant(0)),
        max(one.last for one in several),
        tuple(machines[:MAX_MACHINES]),
        tuple(forms[:MAX_FORMS]),
        any(one.exact for one in several),
    )


def _place(digest: bytes) -> str:
    return f"found/{digest.hex()}"


def _open(box: Box, sealed: bytes, place: str, into: type[S]) -> S:
    try:
        return msgspec.msgpack.decode(box.open(sealed, place), type=into)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None
