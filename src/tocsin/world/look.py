# SPDX-License-Identifier: Apache-2.0
"""Looks into what the processes have stored, from outside: who knows what, and since when.

The story's own eyes. It reads files on this machine that in a real alliance belong to different people.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from tocsin.agent.anonymous.standing import Standing, standing
from tocsin.agent.app import opened
from tocsin.agent.work import levels
from tocsin.clock import Clock, Instant
from tocsin.errors import RemoteError
from tocsin.hub.streams import StreamHead
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Transaction
from tocsin.wire.epoch import Roster, read_document
from tocsin.wire.messages import decode
from tocsin.wire.slot import SlotRecord

T = TypeVar("T")
_LOOK_SECONDS = 0.005


class Posting(msgspec.Struct, frozen=True):
    """One value that an agent knows."""

    value: str


class Told(msgspec.Struct, frozen=True):
    """What the hub's database holds about one report."""

    streams: tuple[str, ...]
    entries: int
    owner: str
    """The party that it records as the sender, or nobody."""
    added: Instant
    """When it was, by the hub's record."""


class Slot(msgspec.Struct, frozen=True):
    """What is stored of the slot that an anonymous report went in."""

    hub: Told
    number: int
    senders: int
    """As the relay has signed."""
    blobs: int
    """As the partner has."""
    issued: int
    """Members to whom the hub has given tokens."""
    on_roster: int
    """Members whom the relay's store names, whether they sent anything or not."""

    @property
    def among(self) -> int:
        """How many the report is among."""
        return min(self.senders, self.blobs, self.issued)


class _Signed(msgspec.Struct, frozen=True):
    epoch: int
    slot: int
    record: bytes
    signature: bytes


class _Epoch(msgspec.Struct, frozen=True):
    number: int
    document: bytes
    roster: bytes


class _Members(msgspec.Struct, frozen=True):
    members: int


class _Entry(msgspec.Struct, frozen=True):
    stream: int
    seq: int
    kind: str
    added: int
    owner: str | None


class Watch(Generic[T]):
    """Looks every few milliseconds, from now on and in a thread of its own, until there is something to see."""

    def __init__(self, look: Callable[[], T | None], clock: Clock, what: str, patience: float) -> None:
        """`patience`: for how many seconds it looks."""
        self._patience = patience
        self._look = look
        self._clock = clock
        self._what = what
        self._seen: Instant | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def seen(self) -> Instant:
        """When it was seen; RemoteError when it was not within the time that a person would wait."""
        self._thread.join()
        if self._seen is None:
            raise RemoteError(f"Nobody saw this within {self._patience:.0f} s: {self._what}.")
        return self._seen

    def _run(self) -> None:
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            if self._look() is not None:
                self._seen = self._clock.now()
                return
            time.sleep(_LOOK_SECONDS)


def knows(agent: Path, value: str) -> Callable[[], bool | None]:
    """Whether an agent's replica names a value; keeps the store open between looks."""
    store = open_sqlite(agent / "agent.db", "agent")

    def look() -> bool | None:
        """True, or None for not yet."""
        with store.reading("look") as tx:
            return True if tx.one("value_known", {"value": value}, into=Posting) else None

    return look


def in_file(path: Path, text: str) -> Callable[[], bool | None]:
    """Whether a protection file holds a text."""
    return lambda: True if path.exists() and text in path.read_text() else None


def not_in_file(path: Path, text: str) -> Callable[[], bool | None]:
    """Whether a protection file no longer holds a text."""
    return lambda: True if text not in path.read_text() else None


def told(hub: Path, report: str) -> Told:
    """What the hub's database records of a report."""
    with _looking(hub / "hub.db", "hub") as tx:
        rows = tx.all("entries_of_fact", {"fact": report}, into=_Entry)
        names = {head.number: head.name for head in tx.all("stream_heads", {}, into=StreamHead)}
    owners = {row.owner or "nobody" for row in rows}
    return Told(
        tuple(sorted({names[row.stream] for row in rows})),
        len(rows),
        ", ".join(sorted(owners)),
        Instant(min((row.added for row in rows), default=0)),
    )


def path_of(agent: Path) -> Standing:
    """The anonymous path as that agent stands on it now, by signatures that it has checked."""
    with opened(agent) as house, house.store.reading("look") as tx:
        return standing(tx, house.vault, house.config.anonymous, house.clock.now())


def level_of(agent: Path, value: str) -> str:
    """What that agent may do with a value now: watch, hold or block; empty when it does not know it."""
    with opened(agent) as house:
        known = {
            str(one.observable): str(one.judgement.level) for one in levels(house).known(house.clock.now())
        }
    return known.get(value, "")


def slot_of(folder: Path, report: str) -> Slot | None:
    """What hub, relay and partner of that alliance hold of an anonymous report; None until its slot has a record."""
    hub = told(folder / "hub", report)
    with _looking(folder / "partner" / "partner.db", "partner") as tx:
        signed = tx.all("slot_records", {}, into=_Signed)
        epochs = {row.number: read_document(row.document) for row in tx.all("signed_epochs", {}, into=_Epoch)}
    records = [
        SlotRecord.parse(row.record, epochs[row.epoch].members, epochs[row.epoch].results) for row in signed
    ]
    found = next((one for one in records if epochs[one.epoch].slot_at(hub.added) == one.slot + 1), None)
    if found is None or found.counted is None:
        return None
    with _looking(folder / "relay" / "relay.db", "relay") as tx:
        rosters = {row.number: row.roster for row in tx.all("signed_epochs", {}, into=_Epoch)}
    with _looking(folder / "hub" / "hub.db", "hub") as tx:
        issued = tx.one("count_issued", {"epoch": found.epoch}, into=_Members)
    return Slot(
        hub=hub,
        number=found.slot,
        senders=found.counted.senders,
        blobs=found.blobs,
        issued=issued.members if issued else 0,
        on_roster=len(decode(rosters[found.epoch], Roster).members),
    )


@contextmanager
def _looking(path: Path, kind: str) -> Iterator[Transaction]:
    store = open_sqlite(path, kind)
    try:
        with store.reading("look") as tx:
            yield tx
    finally:
        store.close()


def occurrences(places: tuple[Path, ...], words: tuple[str, ...]) -> dict[str, int]:
    """How often each word stands in any file of these places, in any letter case: database, write-ahead log, all."""
    paths = [path for place in places for path in (sorted(place.rglob("*")) if place.is_dir() else [place])]
    data = [path.read_bytes().lower() for path in paths if path.is_file()]
    return {word: sum(one.count(word.lower().encode()) for one in data) for word in words}
