# SPDX-License-Identifier: Apache-2.0
"""What an agent that serves finds in its own logs: a person is woken once for it, and nobody is accused."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.unit.agent.collecting.houses import house_in
from tests.unit.agent.hunting.test_past import BAD, EVIL, WHEN, found, posted
from tests.unit.agent.hunting.test_telling import known, policy

from tocsin.agent.alarms import alarms
from tocsin.agent.house import House
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.automatic import Automatic
from tocsin.agent.shields.levels import KnownValue, Levels
from tocsin.agent.waking.calls import acknowledge, open_calls
from tocsin.agent.work import classifier
from tocsin.clock import Instant
from tocsin.domain.call import Cause
from tocsin.domain.level import Level
from tocsin.domain.observable import Observable
from tocsin.domain.warning import Urgency


class _Fixed(Levels):
    """Levels as a test says."""

    def __init__(self, *values: KnownValue) -> None:
        self._values = values

    def known(self, now: Instant) -> Iterator[KnownValue]:
        yield from self._values


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr") as made:
        posted(made, EVIL, BAD)
        yield policy(made, "off")


def automatic(house: House, level: Level) -> Automatic:
    values = [*known(EVIL, level).values(), *known(BAD, level).values()]
    return Automatic(house, lambda house: _Fixed(*values), classifier, asyncio.sleep)


def see(house: House, *values: Observable) -> None:
    seen = [msgspec.structs.replace(found(value), exact=True) for value in values]
    house.store.run("see", lambda tx: ledger.keep_found(tx, house.vault.box, "log", seen, WHEN, add=False))


def heard(house: House) -> tuple[list[tuple[Cause, Urgency]], list[str]]:
    with house.store.reading("heard") as tx:
        calls = [(one.cause, one.urgency) for one in open_calls(tx)]
        return calls, [one.kind() for one in alarms(tx, 9)]


def test_a_finding_at_block_wakes_a_person_once_and_accuses_nobody(house: House) -> None:
    hunting = automatic(house, Level.BLOCK)
    hunting.tell()
    assert heard(house) == ([], [])
    see(house, EVIL)
    hunting.tell()
    hunting.tell()
    assert heard(house) == ([(Cause.HIT, Urgency.URGENT)], ["note"])


def test_more_findings_before_anybody_looked_are_the_same_call(house: House) -> None:
    hunting = automatic(house, Level.BLOCK)
    for value in (EVIL, BAD):
        see(house, value)
        hunting.tell()
    calls, notes = heard(house)
    assert (calls, notes) == ([(Cause.HIT, Urgency.URGENT)], ["note", "note"])


def test_a_finding_after_somebody_acknowledged_is_a_new_call(house: House) -> None:
    hunting = automatic(house, Level.BLOCK)
    see(house, EVIL)
    hunting.tell()
    house.store.run("ack", lambda tx: acknowledge(tx, house.vault.box, [1], "Ana", "at the desk", WHEN))
    assert heard(house)[0] == []
    see(house, BAD)
    hunting.tell()
    assert heard(house)[0] == [(Cause.HIT, Urgency.URGENT)]


def test_what_is_not_at_block_or_was_known_before_the_start_wakes_nobody(house: House) -> None:
    see(house, EVIL)
    automatic(house, Level.WATCH).tell()
    automatic(house, Level.BLOCK).tell()
    assert heard(house) == ([], [])
