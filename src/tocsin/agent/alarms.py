# SPDX-License-Identifier: Apache-2.0
"""What people must hear of: when it began, when an outage was over, and that somebody has seen it and cleared it.

A **note** accuses nobody and asks for little; a **problem** keeps this agent from its work, and may be over by
itself; an **alarm** is for what accuses somebody.
"""

from collections.abc import Sequence

import msgspec

from tocsin.agent.journal import Decision, write
from tocsin.clock import Instant
from tocsin.errors import NotActive, RemoteError, StorageError, TocsinError, Unwitnessed
from tocsin.privacy.box import Box
from tocsin.storage.store import Store, Transaction

SHOWN = 20
_OUT = "out-of-reach"
"""The mark that stands while the hub cannot be reached."""
OVER = "The hub can be reached again."
"""The end of an outage, as it is kept among the alarms."""


INFORMATION = "For your information: "
"""How the sentence of a note begins."""


class Alarm(msgspec.Struct, frozen=True):
    """Something that people must hear of."""

    at: int
    sentence: str
    over: int = 0
    """When the outage or suspension was over; 0 for anything else, and while it lasts."""

    def kind(self) -> str:
        """``note``, ``problem`` or ``alarm``."""
        if self.sentence.startswith(_NOTES):
            return "note"
        return "problem" if self.sentence.startswith(_PROBLEMS) else "alarm"


KINDS = ("note", "problem", "alarm")
"""From what asks for little to what accuses somebody."""


def told(alarms: Sequence[Alarm]) -> str:
    """How many there are of each kind, the gravest first."""
    counts = {kind: sum(one.kind() == kind for one in alarms) for kind in reversed(KINDS)}
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count)


class _Row(msgspec.Struct, frozen=True):
    at: int
    sentence: str


def sound(tx: Transaction, sentence: str, now: Instant) -> None:
    """Keep an alarm; the newest 1,000 stay."""
    tx.run("raise_alarm", {"at": now, "sentence": sentence})
    tx.run("bound_alarms", {})


def sound_error(tx: Transaction, error: TocsinError, now: Instant) -> None:
    """Keep an error as an alarm; an outage or a suspension lasts until `reached`."""
    sound(tx, str(error), now)
    if isinstance(error, _PASSING):
        tx.run("save_mark", {"name": _OUT, "value": str(now)})


def reached(tx: Transaction, now: Instant) -> bool:
    """The hub serves this party: whether that ends an outage or a suspension."""
    over = bool(tx.run("drop_mark", {"name": _OUT}))
    if over:
        sound(tx, OVER, now)
    return over


def alarms(tx: Transaction, most: int = SHOWN) -> tuple[Alarm, ...]:
    """The newest alarms, each outage with its end."""
    found: list[Alarm] = []
    over = 0
    for row in tx.all("alarms", {"limit": 2 * most}, into=_Row):
        if row.sentence == OVER:
            over = row.at
        elif row.sentence.startswith(_OUTAGES):
            found.append(Alarm(row.at, row.sentence, over))
            over = 0
        else:
            found.append(Alarm(row.at, row.sentence))
    return tuple(found[:most])


def clear(store: Store, box: Box, now: Instant, by: str) -> int:
    """Somebody has seen them: forget every alarm and write down who; how many there were."""

    def work(tx: Transaction) -> int:
        """Forget them and say so in the journal, together."""
        rows = tx.all("alarms", {"limit": 1_000}, into=_Row)
        count = sum(row.sentence != OVER for row in rows)
        tx.run("clear_alarms", {})
        if count:
            write(tx, box, Decision(now, by, "cleared the alarms", "", f"{count} alarms"))
        return count

    return store.run("clear alarms", work)


def _titles(kind: type[TocsinError]) -> tuple[str, ...]:
    return (kind.title(), *(title for below in kind.__subclasses__() for title in _titles(below)))


_NOTES = (INFORMATION, "The hub signs with a new key", "The members' agreement changed")
_PASSING = (RemoteError, NotActive)
_OUTAGES = tuple(title for kind in _PASSING for title in _titles(kind))
_PROBLEMS = (*_OUTAGES, *_titles(StorageError), *_titles(Unwitnessed), TocsinError.title())
