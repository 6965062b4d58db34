# SPDX-License-Identifier: Apache-2.0
"""A document is believed once, with both words, in its turn; a second one for its number never."""

import msgspec
import pytest
from tests.unit.agent.anonymous.path import HUB, KEY, PARTNER, REALM, SLOT, START, Member, Walk

from tocsin.agent.anonymous.epochs import Epoch, close, issuing, present, upcoming
from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.errors import BadSignature, Conflict, Forked, KeySwapped, Malformed
from tocsin.proof.signing import Context
from tocsin.wire.epoch import EpochEvent, Operators

BEGINS = Instant(START + 10 * SLOT)
ENDS = Instant(BEGINS + 40 * SLOT)


@pytest.fixture
def walk() -> Walk:
    made = Walk(ManualClock(START))
    made.document(1, BEGINS)
    return made


@pytest.fixture
def member(tmp_path, walk) -> Member:
    return Member(tmp_path, walk)


def known(member: Member, now: int) -> Epoch | None:
    with member.house.store.reading("epoch") as tx:
        return present(tx, Instant(now))


def next_slot(member: Member, now: int) -> tuple[int, int] | None:
    with member.house.store.reading("slot") as tx:
        found = upcoming(tx, Instant(now))
    return (found[0].number, found[1]) if found else None


def test_the_first_document_is_believed_and_people_hear_who_carries_the_path(walk, member):
    said = member.believe(walk.event(1))
    assert "Relay Ltd is the relay of the anonymous path and Partner plc its partner" in said
    found = known(member, BEGINS)
    assert found is not None
    assert found.document == walk.documents[1]


def test_the_same_document_again_changes_nothing(walk, member):
    member.believe(walk.event(1))
    assert member.believe(walk.event(1)) == ""


def test_the_next_one_by_the_same_operators_is_no_news(walk, member):
    member.believe(walk.event(1))
    walk.document(2, ENDS)
    assert member.believe(walk.event(2)) == ""


def test_a_rehearsal_is_no_news_at_first_and_an_alarm_after_epochs_in_earnest(walk, member):
    short = {"issue_until": ENDS - SECOND, "rehearsal": True}
    member.believe(walk.event(1))
    walk.document(2, ENDS, **short)
    said = member.believe(walk.event(2))
    assert said.startswith("Epoch 2 of the anonymous path is called a rehearsal")
    walk.document(3, Instant(ENDS + 40 * SLOT), rehearsal=True)
    assert member.believe(walk.event(3)) == "", "it goes on"


def test_another_relay_is_news(walk, member):
    member.believe(walk.event(1))
    walk.document(2, ENDS, operators=Operators("City Alliance Ltd", "Other Ltd", "Partner plc"))
    assert "Other Ltd is the relay" in member.believe(walk.event(2))


def test_a_second_document_for_a_number_is_never_believed(walk, member):
    member.believe(walk.event(1))
    walk.document(1, BEGINS, quota=5)
    with pytest.raises(Forked, match="Two documents are signed for epoch 1"):
        member.believe(walk.event(1))
    found = known(member, BEGINS)
    assert found is not None
    assert found.terms.quota == 3


@pytest.mark.parametrize("word", ["by_relay", "by_partner"])
def test_without_either_word_it_is_not_believed(walk, member, word):
    forged = KEY.sign(Context(f"epoch-{word[3:]}", REALM, HUB), walk.documents[1])
    with pytest.raises(BadSignature):
        member.believe(msgspec.structs.replace(walk.event(1), **{word: forged}))
    assert known(member, BEGINS) is None


@pytest.mark.parametrize("partner", [None, KEY.public], ids=["no partner", "another partner"])
def test_only_the_partner_that_witnesses_this_history_can_stand_by_it(walk, member, partner):
    with pytest.raises(KeySwapped):
        member.believe(walk.event(1), partner)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hub": "other.example"}, None),
        ({"realm": "drill"}, None),
        ({"relay_url": "http://relay.example"}, "reached by https"),
        ({"relay_url": "http://127.0.0.1.evil.example"}, "reached by https"),
    ],
    ids=["hub", "realm", "in the clear", "nearly loopback"],
)
def test_what_is_not_for_this_member_is_not_believed(walk, member, changes, why):
    walk.document(1, BEGINS, **changes)
    with pytest.raises((Conflict, BadSignature), match=why):
        member.believe(walk.event(1))


@pytest.mark.parametrize("number", [2, 7])
def test_numbers_follow_each_other(walk, member, number):
    walk.document(number, BEGINS)
    with pytest.raises(Conflict, match="does not follow epoch 0"):
        member.believe(walk.event(number))


def test_one_that_begins_before_the_last_one_ends_is_believed_only_once_that_is_closed(walk, member):
    member.believe(walk.event(1))
    walk.document(2, ENDS - SLOT)
    with pytest.raises(Conflict, match="begins before the last one ends"):
        member.believe(walk.event(2))
    assert "takes no anonymous report in epoch 1" in member.house.store.run("close", lambda tx: close(tx, 1))
    member.believe(walk.event(2))
    found = known(member, ENDS - SLOT)
    assert found is not None
    assert found.number == 2, "the later of two that hold at once"


def test_what_nobody_knows_cannot_be_closed(member):
    with pytest.raises(Conflict):
        member.house.store.run("close", lambda tx: close(tx, 1))


def test_a_broken_document_is_refused(member):
    with pytest.raises(Malformed):
        member.believe(EpochEvent(document=b"{}", by_relay=bytes(64), by_partner=bytes(64)))


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        (BEGINS - SLOT - 1, None),
        (BEGINS - SLOT, (1, 0)),
        (BEGINS - 1, (1, 0)),
        (BEGINS, (1, 1)),
        (ENDS - SLOT - 1, (1, 39)),
        (ENDS - SLOT, (2, 0)),
        (ENDS, (2, 1)),
    ],
    ids=["early", "a slot before", "just before", "begun", "last but one", "last", "over"],
)
def test_the_next_slot_is_found_over_the_edge_of_an_epoch(walk, member, moment, found):
    member.believe(walk.event(1))
    walk.document(2, ENDS)
    member.believe(walk.event(2))
    assert next_slot(member, moment) == found


def test_tokens_are_given_out_in_their_window_only(walk, member):
    member.believe(walk.event(1))
    terms = walk.terms[1]
    moments = (terms.issue_from - 1, terms.issue_from, terms.issue_until - 1, terms.issue_until)
    with member.house.store.reading("issuing") as tx:
        assert [issuing(tx, Instant(moment)) is not None for moment in moments] == [False, True, True, False]


def test_the_partners_key_is_what_records_are_held_against(walk):
    assert walk.terms[1].partner_key == PARTNER.public
    assert walk.terms[1].slot_seconds * SECOND == SLOT
