# SPDX-License-Identifier: Apache-2.0
"""What takes long to read costs its sender, and nobody else."""

import asyncio
import base64
import threading

import msgspec
import pytest
from tests.alliance import Alliance
from tests.looking import look
from tests.unit.hub.asking import EVIL, post, problem, signed

from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.domain import linter
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Malformed, TooMany
from tocsin.hub.verbs import report as report_verb
from tocsin.hub.workload import BURST_SECONDS, MAX_WAITING, SHARE, SHORT, Workload
from tocsin.wire.messages import encode

START = Instant(1_800_000_000 * SECOND)
LONG = SHORT + 1


def spending(seconds: float) -> Workload:
    """A workload in which each piece of work takes so long."""
    readings = iter(seconds * number for number in range(10_000))
    return Workload(ManualClock(START), lambda: next(readings))


async def test_what_a_party_has_spent_comes_back_with_time_and_is_nobody_elses():
    work = spending(BURST_SECONDS + 1)
    assert await work.run("a", lambda: 1, LONG) == 1
    with pytest.raises(TooMany):
        await work.run("a", lambda: 1, LONG)
    assert await work.run("b", lambda: 2, LONG) == 2
    work._clock.advance(int(1.5 / SHARE) * SECOND)
    assert await work.run("a", lambda: 3, LONG) == 3
    work.close()


async def test_work_that_fails_is_paid_for_too():
    work = spending(BURST_SECONDS + 1)

    def fail() -> None:
        raise Malformed("no")

    with pytest.raises(Malformed):
        await work.run("a", fail, LONG)
    with pytest.raises(TooMany):
        await work.run("a", fail, LONG)
    work.close()


async def test_one_party_uses_one_thread_and_waits_in_a_bounded_line():
    work, gate = spending(0), threading.Event()
    first = [asyncio.create_task(work.run("a", gate.wait, LONG)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0.05)
    with pytest.raises(TooMany):
        await work.run("a", gate.wait, LONG)
    assert await work.run("b", lambda: "served", LONG) == "served"
    gate.set()
    assert await asyncio.gather(*first) == [True] * MAX_WAITING
    work.close()


async def test_what_is_short_is_read_at_once_and_paid_for():
    work, here = spending(BURST_SECONDS + 1), threading.get_ident()
    assert await work.run("a", threading.get_ident, SHORT) == here
    with pytest.raises(TooMany):
        await work.run("a", threading.get_ident, SHORT)
    assert await work.run("b", threading.get_ident, LONG) != here
    work.close()


async def test_an_honest_report_does_not_wait_for_one_that_takes_long_to_read(tmp_path, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        gate, rules = threading.Event(), report_verb.lint_normal

        def slow(observable, registrable, where):
            if observable.value == "slow.example":
                gate.wait(10)
            return rules(observable, registrable, where)

        monkeypatch.setattr(report_verb, "lint_normal", slow)
        many = [normalise(Kind.DOMAIN, f"host-{number}.example") for number in range(30)]
        waiting = asyncio.create_task(ayr.report(normalise(Kind.DOMAIN, "slow.example"), *many))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2):
            await bute.report(EVIL)
        assert not waiting.done()
        gate.set()
        await waiting


async def test_a_refusal_before_the_transaction_costs_its_nonce_all_the_same(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        message = msgspec.structs.replace(agent.report_message(EVIL), objects=())
        body = encode(message)
        headers = signed(agent, body)
        assert problem(await post(agent, body, headers)) == "malformed"
        assert problem(await post(agent, body, headers)) == "replayed"


async def test_what_waited_under_embargo_is_not_linted_again_and_its_refused_objects_stay_out(
    tmp_path, monkeypatch
):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        leak = base64.urlsafe_b64encode(b"jane.doe@bank.example").decode()
        refused = normalise(Kind.URL, f"http://evil.example/{leak}")
        due = alliance.clock.now() + 60 * SECOND
        message = msgspec.structs.replace(agent.report_message(EVIL, refused), not_before=due)
        outcomes = await agent.tell("/v1/reports", message)
        assert sorted(one.status for one in outcomes) == ["held", "held", "refused"]
        monkeypatch.setattr(linter, "RULES", ())
        monkeypatch.setattr(report_verb, "lint_normal", None)
        alliance.clock.advance(61 * SECOND)
        while look(alliance.database, "SELECT count(*) FROM held") != [(0,)]:
            await asyncio.sleep(0.05)
        await alliance.settled()
        assert set(agent.known()) == {EVIL.value}
