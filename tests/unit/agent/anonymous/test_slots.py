# SPDX-License-Identifier: Apache-2.0
"""One envelope in every slot, whatever is in it; and a real one only while it would be hidden."""

import pytest
from tests.unit.agent.anonymous.path import SLOT, START, Member, Walk, on_the_path, walk_until, with_a_report

from tocsin.agent import journal
from tocsin.agent.anonymous.reports import State
from tocsin.agent.anonymous.slots import HOLD_SLOTS
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Noted
from tocsin.clock import SECOND, ManualClock
from tocsin.config.cover import Anonymous
from tocsin.errors import NotAnonymous
from tocsin.wire.envelope import Admission
from tocsin.wire.slot import SENDING, Fate

BEGINS = START + 600 * SECOND
SETTLED_IN = HOLD_SLOTS.stop + 6
"""Slots after which a report has gone, whatever was drawn."""


def slots_of(walk: Walk) -> list[int]:
    return [Admission.parse(body).slot for body in walk.bodies]


def went(walk: Walk) -> list[int]:
    """The slots in which a report came."""
    return sorted({slot for slot, _, _ in walk.reports})


async def test_every_slot_has_one_envelope_of_one_size_in_the_second_half(tmp_path):
    walk, member = on_the_path(tmp_path)
    await walk_until(member, 12)
    assert slots_of(walk) == list(range(12))
    assert len({len(body) for body in walk.bodies}) == 1
    parts = [(at - BEGINS) % SLOT / SLOT for at in walk.times]
    assert all(SENDING[0] <= part <= SENDING[1] + 0.01 for part in parts)
    assert len({round(part, 3) for part in parts}) > 6
    assert walk.reports == []


async def test_a_report_takes_the_place_of_cover_and_nothing_else_changes(tmp_path):
    walk, member = on_the_path(tmp_path)
    report = await with_a_report(member, 3 + SETTLED_IN)
    assert len(went(walk)) == 1
    assert slots_of(walk) == list(range(3 + SETTLED_IN))
    assert len({len(body) for body in walk.bodies}) == 1
    ended = member.state(report)
    assert (ended.state, ended.among) == (State.TAKEN, 25)
    assert member.standing().tokens == 2


async def test_what_arrives_tells_one_sender_from_no_other(tmp_path):
    walk, member = on_the_path(tmp_path)
    report = await with_a_report(member, 3 + SETTLED_IN)
    ((_, _, told), *_) = walk.reports
    assert (told.id, told.sent, told.not_before, told.purposes) == (report, 0, 0, ())
    assert (told.unattended, told.audiences, told.report_class) == (False, ("members",), "mixed")


async def test_nothing_is_kept_of_a_report_that_could_show_whose_it_was(tmp_path):
    _, member = on_the_path(tmp_path)
    report = await with_a_report(member, 3 + SETTLED_IN)
    ended = member.state(report)
    assert (ended.body, ended.ticket) == (b"", None)
    assert [one.reply_key for one in ended.attempts] == [b""]
    assert ended.values == ("domain:evil.example",)


async def test_its_case_and_the_journal_tell_how_it_ended(tmp_path):
    _, member = on_the_path(tmp_path)
    report = await with_a_report(member, 3 + SETTLED_IN)
    ended = member.state(report)
    with member.house.store.reading("case") as tx:
        case = ledger.read(tx, member.house.vault.box, ended.case)
        decisions = journal.read(tx, member.house.vault.box)
    noted = case.lines[-1].fact
    assert isinstance(noted, Noted)
    assert f"{report}: was taken in (class mixed" in noted.text
    assert "one of 25 senders" in noted.text
    assert "an anonymous report was taken in" in [one.what for one in decisions]


async def test_a_report_is_held_after_the_agent_came_back(tmp_path):
    walk, member = on_the_path(tmp_path)
    await with_a_report(member, SETTLED_IN, since=0)
    (slot,) = went(walk)
    assert HOLD_SLOTS.start <= slot < HOLD_SLOTS.stop


async def test_a_person_may_do_without_the_hold(tmp_path):
    walk, member = on_the_path(tmp_path)
    await with_a_report(member, 8, since=0, hold=False)
    assert went(walk) == [2], "as soon as a slot has told the set"


async def test_a_line_that_was_down_holds_reports_again_and_nothing_is_made_up_for(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.cut = {17, 18, 19}
    seen = {}
    acts = {
        16: lambda: seen.update(before=member.standing().hold),
        21: lambda: seen.update(after=member.standing().hold),
    }
    await walk_until(member, 40, acts)
    assert seen["before"] == 0
    assert seen["after"] in HOLD_SLOTS
    assert slots_of(walk) == list(range(40))


async def test_what_was_lost_with_the_line_goes_later_and_counts_once(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.cut = {19, 20}
    report = await with_a_report(member, 39, since=17)
    assert len(went(walk)) == 1
    assert went(walk)[0] > 23
    assert member.state(report).state is State.TAKEN
    assert member.standing().tokens == 2


async def test_a_machine_that_slept_through_slots_sends_nothing_for_them(tmp_path):
    walk, member = on_the_path(tmp_path)
    wake = BEGINS + 9 * SLOT
    ordinary = walk.sleep

    async def sleep(seconds: float) -> None:
        if BEGINS + 3 * SLOT < walk.clock.now() < wake:
            walk.clock.advance(wake - walk.clock.now() + 1)
        await ordinary(seconds)

    walk.sleep = sleep
    await walk_until(member, 13)
    assert slots_of(walk) == [0, 1, 2, 10, 11, 12]


@pytest.mark.parametrize("how", ["dropped", "silent", "unsigned", "kept_back"])
async def test_envelopes_that_no_record_shows_stop_reports_and_alarm_people_once(tmp_path, how):
    walk, member = on_the_path(tmp_path)
    setattr(walk, how, {5, 7, 9})
    await walk_until(member, 14)
    (alarm,) = member.alarms()
    assert "are in no record of their slot" in alarm
    assert member.standing().stopped
    with pytest.raises(NotAnonymous, match="in no record of their slot"):
        member.report()


async def test_one_envelope_that_is_lost_is_no_alarm(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.dropped = {5}
    await walk_until(member, 14)
    assert member.alarms() == []
    assert member.standing().missing == 1


async def test_misses_pass(tmp_path):
    walk, member = on_the_path(tmp_path, Anonymous(misses=2, of_last=4))
    walk.dropped = {5, 6}
    await walk_until(member, 8)
    assert member.standing().stopped
    await walk_until(member, 14)
    assert not member.standing().stopped


async def test_below_the_floor_it_is_refused(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.others = 6
    await walk_until(member, 4)
    with pytest.raises(NotAnonymous, match="one of 7 senders, and the floor is 20"):
        member.report()


async def test_below_the_floor_it_goes_by_a_persons_word(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.others = 6
    report = await with_a_report(member, 9, pseudonymous=True, hold=False)
    assert member.state(report).among == 7


async def test_a_set_that_became_too_small_makes_it_wait(tmp_path):
    walk, member = on_the_path(tmp_path)
    made = []

    def both() -> None:
        made.append(member.report(hold=False))
        walk.others = 6

    await walk_until(member, 12, {3: both})
    assert went(walk) == []
    assert member.state(made[0]).state is State.WAITING


async def test_the_set_is_the_least_of_what_both_have_signed(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.counted = -10
    await walk_until(member, 4)
    found = member.standing()
    assert (found.senders, found.blobs, found.issued, found.among) == (15, 25, 30, 15)


async def test_without_the_relays_word_there_is_no_set(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.counted = None
    await walk_until(member, 4)
    assert member.standing().among == 0


async def test_with_the_partner_away_a_report_waits_and_cover_goes_on(tmp_path):
    walk, member = on_the_path(tmp_path, Anonymous(misses=100, of_last=100))
    walk.silent = set(range(3, 40))
    report = await with_a_report(member, 20, hold=False)
    assert slots_of(walk) == list(range(20))
    assert went(walk) == []
    assert member.state(report).state is State.WAITING


async def test_a_report_that_was_dropped_goes_again_under_the_same_token(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.dropped = {4}
    report = await with_a_report(member, 14, hold=False)
    assert went(walk) == [8]
    assert member.state(report).state is State.TAKEN
    assert member.standing().tokens == 2


async def test_a_result_that_came_too_late_is_in_a_later_record(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.late = {4}
    report = await with_a_report(member, 9, hold=False)
    assert member.state(report).state is State.TAKEN
    assert len({found.reply_key for _, found, _ in walk.reports}) == 1


async def test_without_a_result_it_goes_three_times_and_no_more(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.without_results = set(range(40))
    report = await with_a_report(member, 26, hold=False)
    assert went(walk) == [4, 8, 12]
    assert member.state(report).state is State.UNANSWERED
    assert len({found.token for _, found, _ in walk.reports}) == 1
    assert len({found.reply_key for _, found, _ in walk.reports}) == 3, "a key seals one result"


async def test_the_hubs_refusal_is_kept_with_its_reason(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.fate = Fate("refused", 0, "The linter says no.")
    report = await with_a_report(member, 9, hold=False)
    ended = member.state(report)
    assert (ended.state, ended.fate) == (State.REFUSED, walk.fate)


async def test_a_record_of_another_document_is_an_alarm(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.other_document = True
    await walk_until(member, 3)
    assert any("another document for epoch 1" in one for one in member.alarms())
    assert member.standing().among == 0


async def test_reports_wait_for_each_other_one_in_a_slot(tmp_path):
    walk, member = on_the_path(tmp_path)
    values = ("evil.example", "bad.example", "worse.example")
    await walk_until(member, 12, {3: lambda: [member.report(value, hold=False) for value in values]})
    assert went(walk) == [4, 5, 6]
    assert member.standing().tokens == 0


async def test_at_the_end_of_an_epoch_no_report_goes(tmp_path):
    walk, member = on_the_path(tmp_path)
    report = await with_a_report(member, 40, since=35, hold=False)
    assert went(walk) == []
    assert member.state(report).state is State.WAITING


async def test_the_next_epoch_goes_on_without_a_gap_and_with_tokens_of_its_own(tmp_path):
    walk, member = on_the_path(tmp_path)
    walk.document(2, BEGINS + 40 * SLOT)
    member.believe(walk.event(2))
    member.take_tokens(2)
    await walk_until(member, 43)
    epochs = [(one.epoch, one.slot) for one in map(Admission.parse, walk.bodies)]
    assert epochs == [(1, slot) for slot in range(40)] + [(2, slot) for slot in range(3)]
    assert member.standing().tokens == 3


async def test_an_agency_sends_nothing(tmp_path):
    walk = Walk(ManualClock(START))
    walk.document(1, BEGINS)
    member = Member(tmp_path, walk, role="agency")
    member.believe(walk.event(1))
    await walk_until(member, 3)
    assert walk.bodies == []
    with pytest.raises(NotAnonymous, match="for banks and the desk"):
        member.report()


async def test_without_cover_nothing_goes_and_mixed_is_refused(tmp_path):
    walk, member = on_the_path(tmp_path, Anonymous(cover=False))
    await walk_until(member, 3)
    assert walk.bodies == []
    with pytest.raises(NotAnonymous, match="sends no cover"):
        member.report()
