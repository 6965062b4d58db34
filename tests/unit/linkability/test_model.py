# SPDX-License-Identifier: Apache-2.0
"""The model does what the design says, over real cryptography too, and each defect changes what it is named after."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import apsw
import pytest
from tests.unit.privacy.keys import key_2048

from tocsin.bench.linkability.defects import EVERYBODY, NAIVE, SEEN_BY, Defect
from tocsin.bench.linkability.game import Terms, draw
from tocsin.bench.linkability.model import BEGIN, SLOT, Model
from tocsin.bench.linkability.path import HUB, PARTNER, RELAY, Packet, Played, Story
from tocsin.bench.linkability.seals import Product
from tocsin.clock import SECOND

STORY = draw("model", Terms(1, 1, 1)).story
SENDERS = {(one.slot, one.member) for one in STORY.reports}


def _with(*defects: Defect) -> Played:
    return Model(frozenset(defects)).play(STORY)


def _rows(played: Played, party: str, statement: str, folder: Path) -> list[tuple[object, ...]]:
    for name, data in played.views[party].files.items():
        (folder / name).write_bytes(data)
    database = apsw.Connection(str(folder / f"{party}.db"))
    try:
        return list(database.execute(statement))
    finally:
        database.close()


def _from_members(played: Played) -> Iterator[tuple[tuple[int, int], list[Packet]]]:
    """What the relay has from each member, slot by slot."""
    number = {one.address: at for at, one in enumerate(played.members)}

    def key(one: Packet) -> tuple[int, int]:
        return (one.at - BEGIN) // SLOT, number[one.peer]

    found = [one for one in played.views[RELAY].packets if one.inbound and one.peer in number]
    for which, packets in groupby(sorted(found, key=lambda one: (*key(one), one.at)), key):
        yield which, list(packets)


def test_the_same_story_gives_the_same_views() -> None:
    first, again = _with(), _with()
    assert first.members == again.members
    for party in EVERYBODY:
        assert first.views[party].packets == again.views[party].packets
        assert first.views[party].lines == again.views[party].lines


def test_real_cryptography_gives_the_same_sizes() -> None:
    small = Story(
        "small", 4, 4, tuple(one for one in STORY.reports if one.slot == 1 and one.member < 4), frozenset()
    )
    real, ideal = Model(seals=lambda dice: Product(dice, key_2048())).play(small), Model().play(small)
    for party in EVERYBODY:
        sizes = [{(one.size, one.inbound) for one in each.views[party].packets} for each in (real, ideal)]
        assert sizes[0] == sizes[1]


def test_whoever_is_there_sends_one_whole_envelope_of_one_size() -> None:
    slots = dict(_from_members(_with()))
    there = {
        (slot, number)
        for slot in range(1, STORY.slots - 1)
        for number in range(STORY.members)
        if (number, slot) not in STORY.away
    }
    assert set(slots) == there
    assert len({packets[-1].size for packets in slots.values()}) == 1


def test_what_the_hub_keeps_says_no_more_than_the_slot(tmp_path: Path) -> None:
    rows = _rows(_with(), HUB, "SELECT added, body FROM entry ORDER BY seq", tmp_path)
    ends = [BEGIN + (one.slot + 1) * SLOT for one in STORY.reports]
    assert sorted(added for added, _ in rows) == sorted(ends)
    assert {one.value for one in STORY.reports} == {
        one.value
        for one in STORY.reports
        if any(one.value.encode() in body for _, body in rows)  # type: ignore[operator]
    }


def test_the_partner_has_all_blobs_of_a_slot_and_no_address(tmp_path: Path) -> None:
    played = _with()
    counts = _rows(played, PARTNER, "SELECT slot, count(*) FROM blob GROUP BY slot", tmp_path)
    there = [
        sum((number, slot) not in STORY.away for number in range(STORY.members))
        for slot in range(1, STORY.slots - 1)
    ]
    assert counts == list(enumerate(there, start=1))
    assert not any(one.peer not in {HUB, RELAY} for one in played.views[PARTNER].packets)


def test_every_defect_by_itself_is_known_by_who_sees_it() -> None:
    assert set(SEEN_BY) == set(Defect) - {Defect.GATEWAY_AT_HUB}
    assert set(Defect) > NAIVE


def test_unpadded_bodies_have_another_size_than_cover() -> None:
    sizes = {which: packets[-1].size for which, packets in _from_members(_with(Defect.UNPADDED))}
    real = {size for which, size in sizes.items() if which in SENDERS}
    assert real.isdisjoint(size for which, size in sizes.items() if which not in SENDERS)


def test_without_cover_only_senders_are_seen() -> None:
    assert {which for which, _ in _from_members(_with(Defect.NO_COVER))} == SENDERS


def test_what_is_built_late_follows_its_connection_later() -> None:
    gaps = {
        which: packets[1].at - packets[0].at for which, packets in _from_members(_with(Defect.LATE_BUILDING))
    }
    real = [gap for which, gap in gaps.items() if which in SENDERS]
    cover = [gap for which, gap in gaps.items() if which not in SENDERS]
    assert sum(real) / len(real) - sum(cover) / len(cover) == pytest.approx(20_000, abs=5_000)


def test_cover_that_is_not_sent_again_stays_lost() -> None:
    slots = dict(_from_members(_with(Defect.RETRY_REAL)))
    whole = max(one.size for packets in slots.values() for one in packets)
    assert all(packets[-1].size == whole for which, packets in slots.items() if which in SENDERS)
    assert any(packets[-1].size < whole for which, packets in slots.items() if which not in SENDERS)


@pytest.mark.parametrize(
    ("defect", "statement", "expected"),
    [
        (Defect.KEY_PER_MEMBER, "SELECT count(DISTINCT key) FROM issued", STORY.members),
        (Defect.USED_QUOTA, "SELECT sum(tokens) FROM issued WHERE round > 0", len(STORY.reports)),
        (Defect.ON_DEMAND, "SELECT count(*) FROM issued", len(STORY.reports)),
        (Defect.MAILBOX, "SELECT count(DISTINCT mailbox) FROM polled", len(STORY.reports)),
    ],
    ids=lambda value: value.name if isinstance(value, Defect) else "",
)
def test_a_row_tells(defect: Defect, statement: str, expected: int, tmp_path: Path) -> None:
    assert _rows(_with(defect), HUB, statement, tmp_path) == [(expected,)]


def test_a_sender_that_does_not_acknowledge_its_own_is_missing(tmp_path: Path) -> None:
    statement = "SELECT count(*) FROM acknowledged"
    (all_,), (without,) = (
        _rows(_with(*defects), HUB, statement, tmp_path)[0] for defects in ((), (Defect.ACK_SKIPPED,))
    )
    there = [one for one in STORY.reports if (one.member, one.slot + 1) not in STORY.away]
    assert all_ - without == len(there)  # type: ignore[operator]


def test_rows_have_the_time_at_which_they_came(tmp_path: Path) -> None:
    rows = _rows(_with(Defect.CREATED_AT), HUB, "SELECT added FROM entry ORDER BY seq", tmp_path)
    arrived = [one.at for one in _with(Defect.CREATED_AT).views[RELAY].packets if one.inbound]
    assert all(min(abs(added - at) for at in arrived) < SECOND for (added,) in rows)  # type: ignore[operator]


def test_an_address_is_logged_for_every_report() -> None:
    lines = _with(Defect.ADDRESS_LOGGED).views[HUB].lines
    assert sum("192.0.2." in one.text for one in lines) == len(STORY.reports)


def test_with_the_gateway_at_the_hub_the_partner_sees_nothing() -> None:
    view = _with(Defect.GATEWAY_AT_HUB).views[PARTNER]
    assert view.packets == view.lines == ()
