# SPDX-License-Identifier: Apache-2.0
"""Class ``accountable`` at a bank: the same envelopes, a name in escrow, and people who know it before they send."""

import random

import pytest
from tests.accountable import NAMES, TRUSTEES
from tests.unit.agent.anonymous.path import (
    PARTY,
    SLOT,
    START,
    Member,
    Walk,
    on_the_path,
    walk_until,
    with_a_report,
)

from tocsin.agent.anonymous.reports import Namers, State, Way, require_room
from tocsin.agent.anonymous.standing import require
from tocsin.cli.anonymous import path_lines, who_learns
from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.errors import NotAnonymous, TooLarge
from tocsin.halves.candidates import party_bytes
from tocsin.halves.opening import Keys
from tocsin.privacy.shamir import combine

SETTLED_IN = 18
PRINTS = tuple(one.trustee.fingerprint for one in TRUSTEES)
ACCOUNTABLE = {"token_class": "accountable", "needed": 2, "trustees": tuple(one.trustee for one in TRUSTEES)}
OTHERS = tuple(Keys(name, random.Random(f"not {name}").randbytes(32)).trustee for name in NAMES)
"""The same names with keys of somebody else's, of the hub's say."""
SAID = "2 of the 3 trustees together can name you: Counsel, Judge, Ombudsman"


async def test_a_report_takes_the_place_of_cover_and_its_escrow_names_its_sender(tmp_path):
    walk, member = on_the_path(tmp_path, **ACCOUNTABLE)
    report = await with_a_report(member, 3 + SETTLED_IN)
    assert member.state(report).state is State.TAKEN
    assert len(walk.bodies) == 3 + SETTLED_IN
    assert len({len(body) for body in walk.bodies}) == 1
    found, terms = walk.reports[0][1], walk.terms[1]
    place = terms.escrow(walk.documents[1], found.one_time_key)
    shares = [one.sealing.open(found.escrow, place) for one in TRUSTEES]
    assert combine({one.number: one.value for one in shares[1:]}, 2) == party_bytes(PARTY)


async def test_both_classes_have_envelopes_of_one_size(tmp_path):
    lengths = set()
    for name, terms in (("open", {}), ("accountable", ACCOUNTABLE)):
        (tmp_path / name).mkdir()
        walk, member = on_the_path(tmp_path / name, **terms)
        await walk_until(member, 2)
        lengths |= {len(body) for body in walk.bodies}
        now = member.report(report_class="now")
        assert (await member.now().send(now)).state is State.TAKEN
        assert bool(walk.reports[-1][1].escrow) == (name == "accountable")
        lengths |= {len(body) for body in walk.bodies}
    assert len(lengths) == 1


async def test_people_read_who_can_name_them_before_they_send(tmp_path):
    _, member = on_the_path(tmp_path, **ACCOUNTABLE)
    await walk_until(member, 4)
    for way in (Way("mixed", hold=False), Way("now")):
        assert any(line.startswith(f"Trustees: {SAID}.") for line in who_learns(member.standing(), way))
    assert not any("Trustees" in line for line in who_learns(member.standing(), Way("named")))
    assert f"  {SAID}" in list(path_lines(member.standing()))
    for name, fingerprint in zip(NAMES, PRINTS, strict=True):
        assert f"    {fingerprint}  {name}" in list(path_lines(member.standing()))
    report = member.report()
    assert member.state(report).way.namers == Namers(2, NAMES, PRINTS)


async def test_what_people_were_shown_under_other_trustees_is_not_queued(tmp_path):
    _, member = on_the_path(tmp_path, **ACCOUNTABLE)
    await walk_until(member, 4)
    found = member.standing()
    for shown in (None, found.namers):
        require(found, Way("now", namers=shown))
    for shown in (Namers(), Namers(2, NAMES, PRINTS[::-1])):
        with pytest.raises(NotAnonymous, match="or they were others"):
            require(found, Way("now", namers=shown))


async def test_of_class_open_no_trustee_is_mentioned(tmp_path):
    _, member = on_the_path(tmp_path)
    await walk_until(member, 4)
    for line in (*who_learns(member.standing(), Way("mixed")), *path_lines(member.standing())):
        assert "rustee" not in line


def two_epochs(folder, first: dict, second: dict) -> tuple[Walk, Member]:
    """A member with tokens of two epochs that follow each other."""
    walk = Walk(ManualClock(START))
    begins = Instant(START + 10 * 60 * SECOND)
    member = Member(folder, walk)
    for number, terms in ((1, first), (2, second)):
        walk.document(number, begins + (number - 1) * 40 * SLOT, **terms)
        member.believe(walk.event(number))
        member.take_tokens(number)
    return walk, member


@pytest.mark.parametrize(
    ("first", "second", "goes"),
    [
        ({}, ACCOUNTABLE, False),
        (ACCOUNTABLE, {**ACCOUNTABLE, "needed": 3}, False),
        (ACCOUNTABLE, {**ACCOUNTABLE, "trustees": OTHERS}, False),
        (ACCOUNTABLE, ACCOUNTABLE, True),
        (ACCOUNTABLE, {}, True),
    ],
    ids=[
        "open to accountable",
        "others are needed",
        "others by their names",
        "the same",
        "accountable to open",
    ],
)
async def test_a_report_goes_where_nobody_can_name_its_sender_but_who_could_when_it_was_approved(
    tmp_path, first, second, goes
):
    walk, member = two_epochs(tmp_path, first, second)
    made: list[str] = []
    # The report comes too late for its own epoch; the walk's slots of both have the same numbers.
    acts = {36: lambda: made.append(member.report()), 40: walk.blobs.clear}
    await walk_until(member, 45 + SETTLED_IN, acts)
    (report,) = made
    assert (member.state(report).state is State.TAKEN) == goes
    assert len(walk.bodies) > 50, "cover goes on"
    assert bool(walk.reports) == goes


def test_what_its_escrow_takes_is_not_left_for_a_report(tmp_path):
    body = random.Random(1).randbytes(3_400)
    rooms = []
    for number, terms in ((1, {}), (2, ACCOUNTABLE)):
        walk = Walk(ManualClock(START))
        walk.document(number, START, envelope_bytes=4_096, **terms)
        rooms.append(walk.terms[number].room)
    assert rooms == [4_096, 4_096 - 3 * 96]
    require_room(body, rooms[0])
    with pytest.raises(TooLarge, match="holds 3289 bytes"):
        require_room(body, rooms[1])


def test_who_can_name_a_sender_is_told_when_it_changes(tmp_path):
    walk = Walk(ManualClock(START))
    member = Member(tmp_path, walk)
    begins, news = Instant(START + 10 * 60 * SECOND), []
    others = {**ACCOUNTABLE, "trustees": OTHERS}
    for number, terms in enumerate(({}, ACCOUNTABLE, ACCOUNTABLE, others, {}), 1):
        walk.document(number, begins + number * 40 * SLOT, **terms)
        news.append(member.believe(walk.event(number)))
    assert "can name" not in news[0]
    assert news[1].endswith(
        "from epoch 2 on, 2 of these 3 together can name the sender of an anonymous report: Counsel, Judge, Ombudsman."
    )
    assert news[2] == ""
    assert "behind Counsel, Judge, Ombudsman stand other keys than before" in news[3]
    assert news[4].endswith("from epoch 5 on, no trustees can name the sender of an anonymous report.")
