# SPDX-License-Identifier: Apache-2.0
"""Two agents and the hub are killed again and again in the middle of 500 reports; nothing is lost, doubled or forged.

What is a failure: a report without a receipt, a report that stands in the stream twice or not at all, a gap, a reader
whose tree has another root than the hub's, a partner that signed another history, an accusation of an honest hub.
What is not: reports that wait, and alarms that the hub cannot be reached.
"""

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine, wait_until
from tests.looking import look

from tocsin.agent import app as agent
from tocsin.agent.house import House
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs.report import Prepared, send
from tocsin.clock import day_of
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, normalise
from tocsin.ids import new_id
from tocsin.proof.merkle import EMPTY, Frontier

pytestmark = pytest.mark.processes

EACH = 250
KILLS = 12
SEED = 20261121


def test_nothing_is_lost_or_doubled_when_agents_and_hub_are_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    started = time.monotonic()
    with Machine(tmp_path) as machine:
        machine.raise_hub()
        reports = [report for short in ("ayr", "bute") for report in queue(machine.join(short), short)]
        machine.join("clyde")
        for short in ("ayr", "bute", "clyde"):
            machine.serve(short)
        queued = time.monotonic()
        killed = Counter(kill_one(machine, chance) for _ in range(KILLS))
        assert wait_until(lambda: waiting(tmp_path) == 0, 60), waiting(tmp_path)
        assert wait_until(lambda: all(caught_up(tmp_path, short) for short in ("ayr", "bute", "clyde")), 60)
        assert wait_until(lambda: notes(tmp_path)[0] == notes(tmp_path)[1], 20), notes(tmp_path)
        finished = time.monotonic()
    with capsys.disabled():
        print(
            f"\n500 reports, {KILLS} kills ({dict(killed)}): queued in {queued - started:.0f} s, "
            f"all receipted, followed and witnessed {finished - queued:.0f} s later; log of {notes(tmp_path)[2]}"
        )
    check_hub(tmp_path, reports)
    for short in ("ayr", "bute", "clyde"):
        check_replica(tmp_path, short, reports)


def queue(home: Path, short: str) -> list[str]:
    """As many reports as a bad week brings, approved and queued by the agent's own verbs."""
    with agent.opened(home) as house:
        return [queue_one(house, short, number) for number in range(EACH)]


def queue_one(house: House, short: str, number: int) -> str:
    """A report of two values that nobody else reports; its identifier."""
    values = (f"login-{number}.phish-{short}.example", f"mail-{number}.phish-{short}.example")
    now, report = house.clock.now(), new_id("rpt", house.entropy)
    indicators = tuple(Indicator(normalise(Kind.DOMAIN, value), "landing-host") for value in values)
    disclosure = Disclosure(report, Attack.PHISHING, day_of(now), indicators, (), Marking())
    draft = Draft(disclosure, (), ())
    prepared = Prepared(f"{number}.eml", report.encode(), Reading("mail"), draft)
    return send(house, prepared, approve(draft, "Test", now), "named", ()).report


def kill_one(machine: Machine, chance: random.Random) -> str:
    """After a random moment end a random process, and after another start it again."""
    time.sleep(chance.uniform(0.05, 0.9))
    victim = chance.choice(["hub", "hub", "ayr", "bute"])
    machine.kill(victim)
    time.sleep(chance.uniform(0, 0.4))
    machine.start(victim)
    return victim


def waiting(folder: Path) -> int:
    """Reports that have no receipt yet."""
    count = "SELECT count(*) FROM outbox WHERE state <> 'receipted'"
    return sum(int(str(look(folder / short / "agent.db", count)[0][0])) for short in ("ayr", "bute"))


def caught_up(folder: Path, short: str) -> bool:
    """Whether an agent has proved every stream that it reads as far as the hub goes."""
    sizes = dict(look(folder / "hub" / "hub.db", "SELECT name, size FROM stream"))
    return all(
        sizes[name] == size
        for name, size in look(folder / short / "agent.db", "SELECT name, size FROM stream")
    )


def notes(folder: Path) -> tuple[str, str, int]:
    """The newest co-signed note of the hub and of the partner, and the length of the log."""
    newest = "SELECT {}, size FROM log ORDER BY size DESC LIMIT 1"
    ((hubs, size),) = look(folder / "hub" / "hub.db", newest.format("cosigned"))
    ((partners, _),) = look(folder / "partner" / "partner.db", newest.format("note"))
    return str(hubs), str(partners), int(str(size))


def check_hub(folder: Path, reports: list[str]) -> None:
    """Every report once, no gap, every root the root of its leaves, every head witnessed."""
    store = folder / "hub" / "hub.db"
    facts = Counter(
        fact
        for (fact,) in look(
            store,
            "SELECT entry.fact FROM entry JOIN stream ON stream.number = entry.stream "
            "JOIN object ON object.stream = entry.stream AND object.seq = entry.seq "
            "WHERE stream.name = 'members' AND object.id LIKE 'grouping--%'",
        )
    )
    assert facts == Counter(reports)
    doubled = "SELECT id FROM object GROUP BY owner, id, modified HAVING count(*) > 1"
    assert look(store, doubled) == []
    for number, size, root, noted, witnessed in look(
        store, "SELECT number, size, root, noted_size, witnessed_size FROM stream"
    ):
        rows = look(store, "SELECT seq, leaf FROM entry WHERE stream = :n ORDER BY seq", {"n": number})
        assert [seq for seq, _ in rows] == list(range(int(str(size))))
        assert EMPTY.extend(leaf for _, leaf in rows).root() == root
        assert size == noted == witnessed


def check_replica(folder: Path, short: str, reports: list[str]) -> None:
    """The same entries under the same roots, every report once, and no accusation."""
    mine, hubs = folder / short / "agent.db", folder / "hub" / "hub.db"
    followed = look(mine, "SELECT name, size, frontier, witness FROM stream")
    assert {"directory", "members"} <= {name for name, *_ in followed}
    for name, size, frontier, witness in followed:
        assert look(hubs, "SELECT size, root FROM stream WHERE name = :n", {"n": name}) == [
            (size, Frontier.from_bytes(bytes(frontier)).root())
        ]
        rows = look(mine, "SELECT seq, leaf FROM entry WHERE stream = :n ORDER BY seq", {"n": name})
        theirs = "SELECT seq, leaf FROM entry JOIN stream ON number = stream WHERE name = :n ORDER BY seq"
        assert rows == look(hubs, theirs, {"n": name})
        assert witness == "witnessed"
    kept = look(mine, "SELECT fact FROM entry WHERE stream = 'members' AND kind = 'object'")
    assert set(kept) == {(report,) for report in reports}
    alarms = {str(sentence) for (sentence,) in look(mine, "SELECT sentence FROM alarm")}
    assert all(
        alarm.startswith(
            ("The other side cannot be reached", "Another process", "The hub can be reached again")
        )
        for alarm in alarms
    ), alarms
