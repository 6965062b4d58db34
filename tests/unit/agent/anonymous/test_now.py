# SPDX-License-Identifier: Apache-2.0
"""Class now: at once, with a result in the answer; what does not get through keeps its token and goes again."""

import pytest
from tests.unit.agent.anonymous.path import SLOT, START, Member, OverError, Walk, on_the_path

from tocsin.agent.anonymous.reports import State
from tocsin.clock import SECOND, ManualClock
from tocsin.errors import Malformed, NotAnonymous, Unknown, Unreachable
from tocsin.wire.envelope import SEALED_RESULT_BYTES
from tocsin.wire.slot import Fate

BEGINS = START + 600 * SECOND


@pytest.fixture
def on_it(tmp_path) -> tuple[Walk, Member]:
    walk, member = on_the_path(tmp_path)
    walk.clock.advance(BEGINS + SLOT // 3 - walk.clock.now())
    return walk, member


async def test_it_is_taken_in_at_once(on_it):
    walk, member = on_it
    ended = await member.now().send(member.report(report_class="now"))
    assert (ended.state, ended.fate, ended.among) == (State.TAKEN, walk.fate, 0)
    assert (ended.body, ended.ticket) == (b"", None)
    ((_, _, told),) = walk.reports
    assert (told.report_class, told.sent) == ("now", 0)


async def test_it_needs_no_set_and_no_cover(on_it):
    walk, member = on_it
    walk.others = 0
    assert (await member.now().send(member.report(report_class="now"))).state is State.TAKEN


async def test_what_does_not_get_through_goes_again_under_the_same_token(on_it):
    walk, member = on_it
    walk.cut = {0}
    report = member.report(report_class="now")
    with pytest.raises(Unreachable):
        await member.now().send(report)
    assert member.state(report).state is State.SENT
    walk.cut = set()
    assert (await member.now().send(report)).state is State.TAKEN
    assert member.standing().tokens == 2


async def test_a_lost_answer_costs_no_second_token(on_it):
    walk, member = on_it
    walk.silent = {0}
    report = member.report(report_class="now")
    with pytest.raises(Malformed):
        await member.now().send(report)
    walk.silent = set()
    await member.now().send(report)
    assert len({found.token for _, found, _ in walk.reports}) == 1
    assert len({found.reply_key for _, found, _ in walk.reports}) == 2


async def test_an_answer_that_comes_when_it_has_ended_changes_nothing(on_it):
    _, member = on_it
    now, report = member.now(), member.report(report_class="now")
    ended = await now.send(report)
    late = bytes(SEALED_RESULT_BYTES)  # a serving agent's, built before the command's was answered
    assert member.house.store.run("late", lambda tx: now._ended(tx, report, late)) == ended
    assert member.state(report) == ended


async def test_the_hubs_no_is_final(on_it):
    walk, member = on_it
    walk.fate = Fate("refused", 0, "The token is spent.")
    report = member.report(report_class="now")
    assert (await member.now().send(report)).state is State.REFUSED
    with pytest.raises(NotAnonymous, match="has ended"):
        await member.now().send(report)


async def test_serving_agents_send_what_a_command_could_not(on_it):
    walk, member = on_it
    report = member.report(report_class="now")
    walk.ends = walk.clock.now() + 100 * SECOND
    with pytest.raises(OverError):
        await member.now().run(walk.sleep)
    assert member.state(report).state is State.TAKEN


async def test_without_tokens_or_an_epoch_it_is_refused(tmp_path):
    walk = Walk(ManualClock(START))
    walk.document(1, BEGINS)
    member = Member(tmp_path, walk)
    with pytest.raises(NotAnonymous, match="no epoch of the anonymous path has begun"):
        member.report(report_class="now")
    member.believe(walk.event(1))
    walk.clock.advance(BEGINS - walk.clock.now())
    with pytest.raises(NotAnonymous, match="no token of epoch 1 is left"):
        member.report(report_class="now")


async def test_what_is_no_anonymous_report_is_unknown(on_it):
    with pytest.raises(Unknown):
        await on_it[1].now().send("rpt_" + "0" * 32)
