# SPDX-License-Identifier: Apache-2.0
"""The restart ceremony: a hub is lost and comes back from an old backup, while its readers run.

What is a failure: a report with a receipt that stands nowhere or twice, a body that was erased and is back, an alarm at
an honest agent, a partner that is asked to sign a second history, an agent that stops following.
"""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import look

from tocsin.agent.verbs.erase import erase
from tocsin.domain.marking import PAP, Marking
from tocsin.domain.observable import Kind, Observable

EACH = 200
"""Reports of each of three banks; every report is two entries."""


def value(short: str, number: int) -> Observable:
    return Observable(Kind.DOMAIN, f"login-{number}.phish-{short}.example")


def caught_up(alliance: Alliance, *agents: Agent) -> bool:
    """Whether each agent holds every stream that it reads as far as the hub goes, under witnessed heads."""
    sizes = alliance.sizes()
    return all(
        size == sizes[name] == firm
        for agent in agents
        for name, size, firm in look(agent.database, "SELECT name, size, firm FROM stream")
    ) and all(agent.sizes() for agent in agents)


def whole(alliance: Alliance) -> bool:
    """Whether the hub has gone on in a new epoch, with its partner."""
    ((restarts,),) = look(alliance.database, "SELECT count(*) FROM entry WHERE kind = 'restart'")
    ((size, cosigned),) = look(alliance.database, "SELECT size, cosigned FROM log ORDER BY size DESC LIMIT 1")
    return bool(restarts) and cosigned is not None and size == alliance.witness.witnessing._state.log.size


def reports_of(alliance: Alliance) -> Counter[object]:
    """How often each report stands in the members' stream, by its grouping."""
    rows = look(
        alliance.database,
        "SELECT entry.fact FROM entry JOIN stream ON number = entry.stream JOIN object "
        "ON object.stream = entry.stream AND object.seq = entry.seq "
        "WHERE name = 'members' AND object.id LIKE 'grouping--%'",
    )
    return Counter(fact for (fact,) in rows)


async def test_a_ceremony_from_an_old_backup_loses_nothing_and_stops_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = asyncio.get_running_loop()
    async with Alliance(tmp_path) as alliance:
        ayr, bute, clyde = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        agents = [ayr, bute, clyde]
        secret = Observable(Kind.DOMAIN, "regretted.phish-ayr.example")
        regretted = await ayr.report(secret)
        reports = [await agent.report(value(agent.short, 0)) for agent in agents]
        alliance.back_up(tmp_path / "hub.backup")
        before = sum(alliance.sizes().values())

        for number in range(1, EACH):
            reports += [await agent.report(value(agent.short, number)) for agent in agents]
        erase(ayr.house, regretted, "withdrawn", "Test")
        await ayr.deliver()
        reports.append(await ayr.report(value("bute", 2), unattended=True))
        reports.append(await clyde.report(value("bute", 2), marking=Marking(pap=PAP.RED)))
        dee = await alliance.join("dee")
        reports.append(await dee.report(value("ayr", 1)))
        await until(lambda: caught_up(alliance, *agents, dee), 60)
        lost = sum(alliance.sizes().values()) - before
        sizes, sources = alliance.sizes(), look(alliance.database, SOURCES)
        assert lost >= 500
        await alliance.lose_hub()
        began = loop.time()
        await alliance.restore_hub(tmp_path / "hub.backup")
        await until(lambda: whole(alliance), 60)
        took = loop.time() - began
        await until(lambda: caught_up(alliance, *agents, dee), 60)
        for agent in (*agents, dee):
            assert await agent.deliver() == [], "nothing had to be sent again"

        assert alliance.sizes() == {**sizes, "directory": sizes["directory"] + 1}
        assert {fact: count for fact, count in reports_of(alliance).items() if fact != regretted} == Counter(
            reports
        )
        assert look(alliance.database, SOURCES) == sources
        (tmp_path / "hub.backup").unlink()
        for path in tmp_path.rglob("*"):
            assert (
                not path.is_file() or secret.value.encode() not in path.read_bytes() or "ayr" in path.parts
            ), path
        for agent in (*agents, dee):
            assert [line for line in agent.alarms() if not line.startswith("The other side cannot")] == []

        later = [await agent.report(value(agent.short, EACH)) for agent in (*agents, dee)]
        await until(lambda: caught_up(alliance, *agents, dee), 60)
        assert set(later) <= set(reports_of(alliance))
        assert await dee.report(value("dee", 7)) not in reports
    with capsys.disabled():
        print(f"\n{lost} entries lost with the hub, whole again after {took:.1f} s")


SOURCES = (
    "SELECT stream.name, value, party, seq, attended FROM source JOIN stream ON number = stream "
    "ORDER BY 1, 2, 3, 4"
)
