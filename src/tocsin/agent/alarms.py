# SPDX-License-Identifier: Apache-2.0
"""What people must hear of: when it began, when an outage was over, and that somebody has seen it and cleared it."""

import msgspec

from tocsin.agent.journal import Decision, write
from tocsin.clock import Instant
from tocsin.errors import RemoteError, TocsinError
from tocsin.privacy.box import Box
from tocsin.storage.store import Store, Transaction

SHOWN = 20
_OUT = "out-of-reach"
"""The mark that stands while the hub cannot be reached."""
OVER = "The hub can be reached again."
"""The end of an outage, as it is kept among the alarms."""


class Alarm(msgspec.Struct, frozen=True):
    """Something that people must hear of."""

    at: int
    sentence: str
    over: int = 0
    """When the outage was over; 0 for anything else, and while it lasts."""


class _Row(msgspec.Struct, frozen=True):
    at: int
    sentence: str


def sound(tx: Transaction, sentence: str, now: Instant) -> None:
    """Keep an alarm; the newest 1,000 stay."""
    tx.run("raise_alarm", {"at": now, "sentence": sentence})
    tx.run("bound_alarms", {})


def sound_error(tx: Transaction, error: TocsinError, now: Instant) -> None:
    """Keep an error as an alarm; an outage lasts until `reached`."""
    sound(tx, str(error), now)
    if isinstance(error, RemoteError):
        tx.run("save_mark", {"name": _OUT, "value": str(now)})


def reached(tx: Transaction, now: Instant) -> None:
    """The hub has answered: an outage, if there was one, is over."""
    if tx.run("drop_mark", {"name": _OUT}):
        sound(tx, OVER, now)


def alarms(tx: Transaction) -> tuple[Alarm, ...]:
    """The newest alarms, each outage with its end."""
    found: list[Alarm] = []
    over = 0
    for row in tx.all("alarms", {"limit": 2 * SHOWN}, into=_Row):
        if row.sentence == OVER:
            over = row.at
        elif row.sentence.startswith(_OUTAGES):
            found.append(Alarm(row.at, row.sentence, over))
            over = 0
        else:
            found.append(Alarm(row.at, row.sentence))
    return tuple(found[:SHOWN])


def clear(store: Store, box: Box, now: Instant, by: str) -> int:
    """Somebody has seen them: forget every alarm and write down who; how many there were."""

    def work(tx: Transaction) -> int:
        rows = tx.all("alarms", {"limit": 1_000}, into=_Row)
        count = sum(row.sentence != OVER for row in rows)
        tx.run("clear_alarms", {})
        if count:
            write(tx, box, Decision(now, by, "cleared the alarms", "", f"{count} alarms"))
        return count

    return store.run("clear alarms", work)


def _titles(kind: type[TocsinError]) -> tuple[str, ...]:
    return (kind.title(), *(title for below in kind.__subclasses__() for title in _titles(below)))


_OUTAGES = _titles(RemoteError)
