# SPDX-License-Identifier: Apache-2.0
"""An alarm has a time, an outage an end, and a person can say that it was seen."""

import pytest

from tocsin.agent.alarms import INFORMATION, SHOWN, Alarm, alarms, reached, sound, sound_error, told
from tocsin.clock import Instant
from tocsin.errors import BadProof, Forked, NotActive, RemoteError, Unreachable
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store


@pytest.fixture
def store() -> Store:
    return open_sqlite(":memory:", "agent")


def test_an_outage_is_over_when_the_hub_answers(store: Store) -> None:
    with store.transaction("test") as tx:
        sound_error(tx, Unreachable("first"), Instant(1))
        assert alarms(tx) == (Alarm(1, str(Unreachable("first"))),)
        reached(tx, Instant(2))
        reached(tx, Instant(3))
        sound_error(tx, RemoteError("second"), Instant(4))
        assert [(one.at, one.over) for one in alarms(tx)] == [(4, 0), (1, 2)]


def test_an_accusation_is_not_over_because_the_hub_answers(store: Store) -> None:
    with store.transaction("test") as tx:
        sound_error(tx, BadProof("it does not add up"), Instant(1))
        reached(tx, Instant(2))
        assert [(one.at, one.over) for one in alarms(tx)] == [(1, 0)]


def test_the_newest_are_shown_first_and_not_all(store: Store) -> None:
    with store.transaction("test") as tx:
        for at in range(100):
            sound(tx, f"number {at}", Instant(at))
        assert [one.at for one in alarms(tx)] == list(range(99, 99 - SHOWN, -1))


def test_only_what_accuses_is_an_alarm_and_a_suspension_ends(store: Store) -> None:
    with store.transaction("test") as tx:
        sound(tx, f"{INFORMATION}somebody joined", Instant(1))
        sound_error(tx, NotActive("It is suspended."), Instant(2))
        assert reached(tx, Instant(3))
        assert not reached(tx, Instant(4))
        sound_error(tx, BadProof("it does not add up"), Instant(5))
        assert [(one.kind(), one.over) for one in alarms(tx)] == [("alarm", 0), ("problem", 3), ("note", 0)]


def test_what_was_heard_is_counted_by_its_kind_the_gravest_first() -> None:
    note, accusation = Alarm(1, f"{INFORMATION}A joined."), Alarm(2, str(Forked("Two heads.")))
    assert told((note, note)) == "2 notes"
    assert told((note, accusation, Alarm(3, str(Unreachable("gone"))))) == "1 alarm, 1 problem, 1 note"
    assert told(()) == ""
