# SPDX-License-Identifier: Apache-2.0
"""What is at block, brought up to date by what was touched, is what is at block when everything is judged anew."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.agent.history.test_replica import (
    POLICE,
    STREAMS,
    VALUES,
    Hub,
    Said,
    indicator,
    say,
    signed,
    warning,
)

from tocsin.agent.history.changes import MOST, Changes
from tocsin.agent.shields.levels import Levels
from tocsin.clock import DAY, MINUTE, Instant
from tocsin.domain.level import Band
from tocsin.domain.observable import Observable
from tocsin.hooks import Blocked
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.events import BandEvent, ErasureEvent, SightingEvent


class Asked:
    """A guard that speaks against nothing, and knows of which values it was asked."""

    def __init__(self) -> None:
        self.values: list[Observable] = []

    def __call__(self, observable: Observable) -> tuple[str, ...]:
        self.values.append(observable)
        return ()


@pytest.fixture
def hub() -> Iterator[Hub]:
    store = open_sqlite(":memory:", "agent")
    yield Hub(store)
    store.close()


def followed(hub: Hub) -> tuple[Levels, Asked]:
    """The levels of an agent that serves, after its first look."""
    asked = Asked()
    levels = Levels(hub.store, asked, hub.replica.changes)
    levels.blocked(hub.clock.now())
    asked.values.clear()
    return levels, asked


def anew(hub: Hub) -> list[Blocked]:
    return list(Levels(hub.store, lambda _: ()).blocked(hub.clock.now()))


def confirm(hub: Hub, value: Observable, stream: str = "members") -> int:
    """A report and a band of two; the seq of the report."""
    number = len(hub.kept.get(stream, []))
    seq = hub.append(stream, "object", f"rpt_{number}", indicator(value, number))
    hub.append(stream, "band", f"fct_{value}", BandEvent(observable=value, named=Band.FEW))
    return seq


def take_back(hub: Hub, *seqs: int, stream: str = "members") -> None:
    hub.append(stream, "erasure", "fct_0", ErasureEvent(fact="x", seqs=seqs, reason="mistake"))


MOVES = st.lists(
    st.one_of(
        st.builds(
            Said,
            stream=st.sampled_from(STREAMS),
            what=st.sampled_from(["report", "sighting", "band", "band", "erasure", "warning"]),
            value=st.integers(0, 2),
            erases=st.lists(st.integers(0, 12), max_size=3).map(tuple),
        ),
        st.integers(1, 40 * 24 * 60),
    ),
    max_size=20,
)


def move(hub: Hub, one: Said | int, number: int) -> None:
    """Something is said, or minutes pass."""
    if isinstance(one, int):
        hub.clock.advance(one * MINUTE)
    elif one.what == "warning":
        said = warning(
            id=f"wrn_{one.value}f0c2a645a3b4c8e9b1d0123456789ab",
            version=number + 1,
            look_for=VALUES[: one.value + 1],
        )
        hub.append(one.stream, "warning", said.id, signed(said, POLICE), chain=f"chn_{one.value}")
    else:
        say(hub, one, number)


@given(moves=MOVES)
@settings(max_examples=150)
def test_brought_up_to_date_is_judged_anew(moves: list[Said | int]) -> None:
    store = open_sqlite(":memory:", "agent")
    hub = Hub(store)
    levels, _ = followed(hub)
    for number, one in enumerate(moves):
        move(hub, one, number)
        assert list(levels.blocked(hub.clock.now())) == anew(hub)
    store.close()


def test_one_erased_value_costs_no_look_at_the_others(hub: Hub) -> None:
    seqs = [confirm(hub, value) for value in VALUES]
    levels, asked = followed(hub)
    take_back(hub, seqs[1], seqs[1] + 1)
    assert {one.observable for one in levels.blocked(hub.clock.now())} == {VALUES[0], VALUES[2]}
    assert asked.values == [], "of what was erased nothing is left to judge, and the others were not touched"


def test_a_new_value_is_judged_alone(hub: Hub) -> None:
    confirm(hub, VALUES[0])
    levels, asked = followed(hub)
    confirm(hub, VALUES[1])
    assert len(levels.blocked(hub.clock.now())) == 2
    assert asked.values == [VALUES[1]]


def test_a_value_that_ends_is_out_and_the_others_are_not_judged(hub: Hub) -> None:
    confirm(hub, VALUES[0])
    hub.clock.advance(20 * DAY)
    said = warning(look_for=(VALUES[1],), issued=hub.clock.now(), expires=Instant(hub.clock.now() + 60 * DAY))
    hub.append("all", "warning", said.id, signed(said, POLICE), chain="chn_1")
    levels, asked = followed(hub)
    hub.clock.advance(11 * DAY)
    assert [one.observable for one in levels.blocked(hub.clock.now())] == [
        one.observable for one in anew(hub)
    ]
    assert asked.values == []


def test_as_long_as_nothing_changes_it_is_the_very_same_list(hub: Hub) -> None:
    confirm(hub, VALUES[0])
    levels, _ = followed(hub)
    before = levels.blocked(hub.clock.now())
    assert levels.blocked(hub.clock.now()) is before
    hub.append("members", "object", "rpt_9", indicator(VALUES[1], 9))
    assert levels.blocked(hub.clock.now()) is before, "one source more of another value"
    confirm(hub, VALUES[1])
    assert levels.blocked(hub.clock.now()) is not before


def test_what_another_process_kept_is_seen(hub: Hub) -> None:
    """As a command does that takes in a bundle: its notes are its own."""
    confirm(hub, VALUES[0])
    levels, _ = followed(hub)
    other = Hub.__new__(Hub)
    other.__dict__ |= hub.__dict__
    other.replica = type(hub.replica)(
        hub.store, hub.replica._membership, hub.replica._views._decay, hub.clock
    )
    confirm(other, VALUES[1])
    hub.logs = other.logs
    assert len(levels.blocked(hub.clock.now())) == 2
    confirm(other, VALUES[2])
    hub.logs = other.logs
    hub.append("members", "sighting", "msg_1", SightingEvent(observable=VALUES[0], happened="2026-11-21"))
    assert len(levels.blocked(hub.clock.now())) == 3, "though this process has moved the stream since"


def test_a_look_that_fails_leaves_nothing_to_go_on_from(hub: Hub) -> None:
    confirm(hub, VALUES[0])
    levels, _ = followed(hub)
    confirm(hub, VALUES[1])
    with hub.store.reading("in the way"), pytest.raises(Exception, match="cannot begin"):
        levels.blocked(hub.clock.now())
    assert len(levels.blocked(hub.clock.now())) == 2


# the notes themselves


def taken(changes: Changes, **streams: tuple[int, int]) -> frozenset[str] | None:
    return changes.take(streams)


def test_at_first_everything_may_have_changed_and_then_nothing() -> None:
    changes = Changes()
    assert taken(changes, all=(3, 3)) is None
    assert taken(changes, all=(3, 3)) == frozenset()


def test_what_was_noted_is_told_once() -> None:
    changes = Changes()
    taken(changes, all=(3, 3))
    changes.note("domain:evil.example")
    changes.moved("all", (3, 3), (4, 4))
    assert taken(changes, all=(4, 4)) == {"domain:evil.example"}
    assert taken(changes, all=(4, 4)) == frozenset()


@pytest.mark.parametrize(
    ("before", "now"),
    [((2, 2), (4, 4)), ((3, 3), (4, 4))],
    ids=["moved from elsewhere", "stands elsewhere"],
)
def test_a_stream_that_somebody_else_moved_means_everything(
    before: tuple[int, int], now: tuple[int, int]
) -> None:
    changes = Changes()
    taken(changes, all=(3, 3))
    changes.moved("all", before, now)
    assert taken(changes, all=now if before == (2, 2) else (5, 5)) is None


def test_what_stood_without_a_witness_and_is_witnessed_means_everything() -> None:
    changes = Changes()
    taken(changes, all=(3, 3))
    changes.moved("all", (3, 3), (4, 3))
    assert taken(changes, all=(4, 3)) == frozenset()
    changes.moved("all", (4, 3), (4, 4))
    assert taken(changes, all=(4, 4)) is None


def test_more_than_is_worth_telling_means_everything() -> None:
    changes = Changes()
    taken(changes)
    for number in range(MOST + 1):
        changes.note(str(number))
    assert taken(changes) is None
