# SPDX-License-Identifier: Apache-2.0
"""Now: what is burning, whether it burns here, and what waits for somebody."""

from collections.abc import Iterator

import msgspec

from tocsin.agent.alarms import Alarm, alarms
from tocsin.agent.collecting.queue import Queue
from tocsin.agent.console.board import Standing
from tocsin.agent.console.charts import Bar, bars
from tocsin.agent.console.desk import Desk
from tocsin.agent.history.replica import StreamRow
from tocsin.agent.people import rights
from tocsin.agent.people.person import Person
from tocsin.agent.people.rights import Action
from tocsin.agent.shields.formats import named
from tocsin.agent.shields.switching import State, states
from tocsin.agent.verbs import decide
from tocsin.clock import DAY, Instant, day_of
from tocsin.domain.party import Role
from tocsin.storage.store import Transaction
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page

DAYS = 14
"""Of the sector's pulse."""
NEWEST = 5_000
"""Entries of a stream that are looked at for it."""
SHOWN = 12
"""Warnings on this page; the others are a page further."""


class Now(msgspec.Struct, frozen=True):
    """Everything at one glance."""

    name: str
    alarms: tuple[Alarm, ...]
    streams: tuple[StreamRow, ...]
    warnings: tuple[Standing, ...]
    more: int
    """Warnings that are not shown here."""
    pulse: tuple[Bar, ...]
    reports: int
    """In the days of the pulse."""
    waiting: int
    collected: int
    outgoing: int
    shields: int
    shields_on: int


class _Told(msgspec.Struct, frozen=True):
    fact: str
    kind: str
    added: int


def look(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The page; whoever may not read it, as somebody who only administers, comes in at what they are here for."""
    house, now = desk.house, desk.now
    if not rights.may(person, Action.READ, Role(house.vault.membership().role)):
        return Elsewhere("/people")
    warnings, more = desk.board.standing(now, SHOWN, lambda warning: not warning.withdrawn)
    with house.store.reading("now") as tx:
        heard, streams = alarms(tx), tuple(tx.all("streams", {}, into=StreamRow))
        days = _days(tx, streams, now)
    switched = states(house.store)
    shields = named(house.config, house.folder)
    return Page(
        "now.html",
        Now(
            name=house.vault.membership().name,
            alarms=heard,
            streams=streams,
            warnings=tuple(warnings),
            more=more,
            pulse=bars(days),
            reports=sum(count for _, count in days),
            waiting=len(decide.waiting(house)),
            collected=Queue(house).size(),
            outgoing=len(house.outbox.waiting()),
            shields=len(tuple(shields)),
            shields_on=sum(state is State.ON for state in switched.values()),
        ),
    )


def _days(tx: Transaction, streams: tuple[StreamRow, ...], now: Instant) -> list[tuple[str, int]]:
    """How many reports were told on each of the last days, the oldest first."""
    since = Instant(now - (DAYS - 1) * DAY)
    counts = dict.fromkeys((day_of(Instant(since + number * DAY)) for number in range(DAYS)), 0)
    for fact, day in _reports(tx, streams):
        if day in counts and fact:
            counts[day] += 1
    return list(counts.items())


def _reports(tx: Transaction, streams: tuple[StreamRow, ...]) -> Iterator[tuple[str, str]]:
    first: dict[str, int] = {}
    for stream in streams:
        for row in tx.all("newest_told", {"stream": stream.name, "limit": NEWEST}, into=_Told):
            if row.kind == "object":
                first[row.fact] = min(row.added, first.get(row.fact, row.added))
    for fact, added in first.items():
        yield fact, day_of(Instant(added))
