# SPDX-License-Identifier: Apache-2.0
"""Looks into what the processes have stored, from outside: who knows what, and since when.

The story's own eyes. It reads files on this machine that in a real alliance belong to different people.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from tocsin.clock import Clock, Instant
from tocsin.errors import RemoteError
from tocsin.hub.streams import StreamHead
from tocsin.storage.sqlite import open_sqlite

T = TypeVar("T")
_LOOK_SECONDS = 0.005
_PATIENCE_SECONDS = 20.0


class Posting(msgspec.Struct, frozen=True):
    """One value that an agent knows."""

    value: str


class Told(msgspec.Struct, frozen=True):
    """What the hub's database holds about one report."""

    streams: tuple[str, ...]
    entries: int
    owner: str
    """The party that it records as the sender."""


class _Entry(msgspec.Struct, frozen=True):
    stream: int
    seq: int
    kind: str
    added: int
    owner: str | None


class Watch(Generic[T]):
    """Looks every few milliseconds, from now on and in a thread of its own, until there is something to see."""

    def __init__(self, look: Callable[[], T | None], clock: Clock, what: str) -> None:
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
            raise RemoteError(f"Nobody saw this within {_PATIENCE_SECONDS:.0f} s: {self._what}.")
        return self._seen

    def _run(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
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
    store = open_sqlite(hub / "hub.db", "hub")
    try:
        with store.reading("look") as tx:
            rows = tx.all("entries_of_fact", {"fact": report}, into=_Entry)
            names = {head.number: head.name for head in tx.all("stream_heads", {}, into=StreamHead)}
    finally:
        store.close()
    owners = {row.owner or "nobody" for row in rows}
    return Told(tuple(sorted({names[row.stream] for row in rows})), len(rows), ", ".join(sorted(owners)))


def occurrences(places: tuple[Path, ...], words: tuple[str, ...]) -> dict[str, int]:
    """How often each word stands in any file of these places, in any letter case: database, write-ahead log, all."""
    paths = [path for place in places for path in (sorted(place.rglob("*")) if place.is_dir() else [place])]
    data = [path.read_bytes().lower() for path in paths if path.is_file()]
    return {word: sum(one.count(word.lower().encode()) for one in data) for word in words}
