# SPDX-License-Identifier: Apache-2.0
"""Embargo: what must not be read before its time is in no stream before its time.

The message is tried and undone when it comes, so that its author hears at once what would be refused; then it is held.
When its time has come the serving hub carries it out like any other. Until then no seq, no leaf and no count shows that
it is there, and nothing has to be served twice: see docs/adr/0011. One whose stream waits for a reader after a restore
waits with it.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from tocsin.clock import DAY, MINUTE
from tocsin.errors import Conflict, HubRestoring, Malformed, StorageError, TocsinError
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import Origin
from tocsin.hub.verbs import report, warn
from tocsin.hub.views.directory import party_by_id
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.messages import Outcome, Report, Warn, decode, encode

log = logging.getLogger("tocsin.hub")

MAX_EMBARGO_DAYS = 90
MAX_HELD = 100
"""Messages of one party that may wait."""
_TICK_SECONDS = 1.0
_AT_ONCE = 8
"""Messages that one transaction releases."""
_PUT_OFF = MINUTE
"""When a message is tried again whose stream waits for one of its readers."""

T = TypeVar("T", Report, Warn)
Verb = Callable[[Transaction, Exchange, Sender, T], tuple[Outcome, ...]]


class _HeldRow(msgspec.Struct, frozen=True):
    party: str
    id: str
    kind: str
    message: bytes
    origin: bytes


class _Count(msgspec.Struct, frozen=True):
    held: int


class _Undo(Exception):
    """No error: it leaves a savepoint without keeping what was done in it."""


def heeding(verb: Verb[T]) -> Verb[T]:
    """The same verb for messages that may be under embargo."""

    def accept(tx: Transaction, hub: Exchange, sender: Sender, message: T) -> tuple[Outcome, ...]:
        """Carry it out, or hold it until its time has come."""
        if message.not_before <= hub.clock.now():
            return verb(tx, hub, sender, message)
        return _hold(tx, hub, sender, message, verb)

    return accept


def _hold(tx: Transaction, hub: Exchange, sender: Sender, message: T, verb: Verb[T]) -> tuple[Outcome, ...]:
    if message.not_before > hub.clock.now() + MAX_EMBARGO_DAYS * DAY:
        raise Malformed(f"An embargo ends within {MAX_EMBARGO_DAYS} days.")
    waiting = tx.one("count_held", {"party": sender.party.id}, into=_Count)
    if waiting and waiting.held >= MAX_HELD:
        raise Conflict(f"{MAX_HELD} messages of yours wait for their time already.")
    outcomes: tuple[Outcome, ...] = ()
    with suppress(_Undo), tx.savepoint():
        outcomes = verb(tx, hub, sender, message)
        raise _Undo
    if all(one.status != "accepted" for one in outcomes):
        return outcomes
    tx.run(
        "hold",
        {
            "party": sender.party.id,
            "id": message.id,
            "not_before": message.not_before,
            "kind": str(message.__struct_config__.tag),
            "message": encode(_judged(message, outcomes)),
            "origin": sender.origin.record,
        },
    )
    return tuple(
        Outcome(one.object, "held", "It is placed when its embargo ends.")
        if one.status == "accepted"
        else one
        for one in outcomes
    )


def _judged(message: Report | Warn, outcomes: tuple[Outcome, ...]) -> Report | Warn:
    """What is left of a message once it was judged: it is not judged by the linter again."""
    if not isinstance(message, Report):
        return message
    placed = {one.object for one in outcomes if one.status != "refused"}
    return report.without(message, {one.object for one in outcomes} - placed)


def release_due(tx: Transaction, hub: Exchange) -> int:
    """Carry out what is due; how many were tried. What is refused by now is dropped and logged: nobody waits for the
    answer. What goes to a closed stream is put off until that goes on.
    """
    now = hub.clock.now()
    tx.run("purge_held", {"before": now - MAX_EMBARGO_DAYS * DAY})
    due = tx.all("held_due", {"now": now, "limit": _AT_ONCE}, into=_HeldRow)
    for place, row in enumerate(due):
        whose: Params = {"id": row.id, "party": row.party}
        try:
            with tx.savepoint():
                tx.run("drop_held", whose)
                _carry_out(tx, hub, row)
        except StorageError:
            raise
        except HubRestoring:
            tx.run("put_off_held", {**whose, "until": now + _PUT_OFF + place})  # in their order
        except TocsinError as refusal:
            tx.run("drop_held", whose)
            log.warning("%s was held and cannot be released: %s", row.id, refusal)
    return len(due)


def _carry_out(tx: Transaction, hub: Exchange, row: _HeldRow) -> None:
    party = party_by_id(tx, row.party)
    assert party is not None, "the query joined it"
    sender = Sender(party, Origin(owner=party.id, record=row.origin))
    if row.kind == "report":
        told = decode(row.message, Report)
        report.accept(tx, hub, sender, told, report.check(hub, sender, told, linted=True))
    else:
        warned = decode(row.message, Warn)
        warn.accept(tx, hub, sender, warned, warn.check(hub, sender, warned, linted=True))


class Embargoes:
    """The tick of one hub process: it looks once a second for what is due."""

    def __init__(self, hub: Exchange, commits: Commits, reader: Store) -> None:
        self._hub = hub
        self._commits = commits
        self._reader = reader

    async def run(self) -> None:
        """Release what is due, for ever."""
        while True:
            try:
                while self._any_due():
                    await self._commits.run(lambda tx: release_due(tx, self._hub))
            except Exception:  # one failed round must not end the service: the next one starts from the store
                log.exception("what is due could not be released")
            await asyncio.sleep(_TICK_SECONDS)

    def _any_due(self) -> bool:
        with self._reader.reading("embargoes") as tx:
            return bool(tx.all("held_due", {"now": self._hub.clock.now(), "limit": 1}, into=_HeldRow))
