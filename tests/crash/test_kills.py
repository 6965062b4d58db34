# SPDX-License-Identifier: Apache-2.0
"""Every process is killed again and again while agents report, on both engines: nothing is lost, doubled or forged.

`tests.acceptance.verdict` says what is a failure. Some kills come in the middle of a commit (`tests.crash.doomed`): of
the hub, of the partner, of an agent, and of PostgreSQL's own process while the hub waits for it and cannot know how it
ended. `KILLS=all` sends 2,000 reports of 8 agents through 50 kills and more; without it 500 of 3 go through 10.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine, wait_until
from tests.acceptance.verdict import (
    Look,
    caught_up,
    check_hub,
    check_replica,
    hub_file,
    notes,
    queue_one,
    waiting,
)
from tests.looking import change
from tests.store.cluster import Cluster
from tests.store.conftest import ON_POSTGRES, cluster  # noqa: F401  # the fixture

from tocsin.agent import app as agent

pytestmark = pytest.mark.processes

SEED = int(os.environ.get("TOCSIN_SEED", "20261121"))
WHOLE = os.environ.get("KILLS") == "all"
AGENTS = ("ayr", "bute", "clyde", "doon", "esk", "forth", "garnock", "halladale")[: 8 if WHOLE else 3]
ROUNDS = 5 if WHOLE else 1
EACH = 5 if WHOLE else 17
"""Reports that every agent approves before each kill: 2,000 in all, or 500."""

KILLS = ["hub", "hub", "hub in a commit", "hub in a commit", "partner", "partner in a commit"]
KILLS += ["agent", "agent", "agent", "agent in a commit"]
SERVER_KILLS = ["server at once", "server in a commit"]
"""One round of kills, in an order that chance gives; with PostgreSQL its own come too."""


STUCK_SECONDS = 90
"""An agent that was refused often waits longer, but `hurry` leaves none that was."""


class Killing:
    """One machine, what is killed on it under which reports, and how it comes back."""

    def __init__(self, machine: Machine, server: Cluster | None, chance: random.Random) -> None:
        self.machine = machine
        self.server = server
        self.chance = chance
        self.reports: list[str] = []
        self.done: Counter[str] = Counter()
        self.victims: set[str] = set()

    def report(self, each: int) -> None:
        """Every agent approves so many reports, by its own verbs while it serves."""
        for short in AGENTS:
            with agent.opened(self.machine.folder / short) as house:
                first = len(self.reports)
                self.reports += [queue_one(house, short, first + number) for number in range(each)]

    def kill(self, what: str) -> None:
        """Under fresh reports kill it after a moment, and after another start it again."""
        self.mend()
        self.report(EACH)
        time.sleep(self.chance.uniform(0, 0.2))
        victim, in_a_commit = what.removesuffix(" in a commit"), what.endswith("in a commit")
        if victim == "agent":
            victim = self.chance.choice(AGENTS)
        self.victims.add(victim)
        if what == "server at once":
            self._kill_server()
        elif what == "server in a commit":
            self._kill_server_in_a_commit()
        elif in_a_commit:
            self._kill_in_a_commit(victim)
        else:
            self.machine.kill(victim)
            self._start(victim)
        self.done[what] += 1

    def mend(self) -> None:
        """A hub whose server dies while it starts ends with an error; systemd starts it again, and so does this."""
        if self.server is not None and not self.machine.runs("hub"):
            assert self.server.answers(time.monotonic() + STUCK_SECONDS)
            self.machine.start("hub")

    def _start(self, victim: str) -> None:
        time.sleep(self.chance.uniform(0, 0.3))
        self.machine.start(victim)

    def _kill_in_a_commit(self, victim: str) -> None:
        when = self.chance.choice(["before", "during", "during", "after"])
        self._doom(victim, self.chance.randint(2, 9), when)
        self._report_until(lambda: self.machine.died(victim))
        self._start(victim)

    def _report_until(self, happened: Callable[[], bool]) -> None:
        """Agents go on reporting, so that there are commits to die in."""
        deadline = time.monotonic() + STUCK_SECONDS
        while not wait_until(happened, 1):
            assert time.monotonic() < deadline, "no commit came"
            self.report(1)

    def _doom(self, victim: str, count: int, when: str) -> None:
        self.machine.kill(victim)
        self.machine.start_doomed(victim, str(count), when)

    def _kill_server(self) -> None:
        assert self.server is not None
        self.server.end(self.chance.choice([signal.SIGQUIT, signal.SIGKILL]))
        time.sleep(self.chance.uniform(0, 0.3))
        self.server.start()

    def _kill_server_in_a_commit(self) -> None:
        """One process of the server dies; the server ends all others, and recovers by itself. The hub goes on."""
        assert self.server is not None
        before = self.server.crashes()
        self._doom("hub", self.chance.randint(4, 9), "server")  # no earlier: it serves by then
        server = self.server
        self._report_until(lambda: server.crashes() > before)
        assert not wait_until(lambda: not self.machine.runs("hub"), 1)


@pytest.mark.parametrize("kind", ["file", ON_POSTGRES])
def test_nothing_is_lost_or_doubled_when_everything_is_killed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    server: Cluster | None = request.getfixturevalue("cluster") if kind == "postgres" else None
    hub: Look = server.look if server else hub_file(tmp_path)
    kills = ROUNDS * (KILLS + (SERVER_KILLS if server else []))
    chance.shuffle(kills)
    began = time.monotonic()
    with Machine(tmp_path) as machine:
        if server:
            server.empty()
        machine.raise_hub(store=server.url if server else "hub.db")
        for short in AGENTS:
            machine.join(short)
            machine.serve(short)
        killing = Killing(machine, server, chance)
        for what in kills:
            killing.kill(what)
        killing.mend()
        killed, reports = time.monotonic(), killing.reports
        hurry(tmp_path)
        goes_to_none(lambda: waiting(tmp_path, AGENTS))
        goes_to_none(lambda: sum(not caught_up(tmp_path, short, hub) for short in AGENTS))
        goes_to_none(lambda: len(set(notes(tmp_path, hub)[:2])) - 1)
        ended = time.monotonic()
    check_hub(hub, reports)
    for short in AGENTS:
        check_replica(tmp_path, short, reports, hub)
    inside = sum(count for what, count in killing.done.items() if what.endswith("in a commit"))
    assert len(reports) >= (2_000 if WHOLE else 500)
    assert len(killing.victims & set(AGENTS)) >= 2
    assert not WHOLE or (len(kills) >= 50 and inside >= 10)
    with capsys.disabled():
        print(
            f"\n{kind}: {len(reports)} reports of {len(AGENTS)} agents, {len(kills)} kills, {inside} in a commit, in "
            f"{killed - began:.0f} s; all receipted, followed and witnessed {ended - killed:.0f} s later; 0 lost, "
            f"0 doubled"
        )


def hurry(folder: Path) -> None:
    """Whatever was put off is due: an agent that failed often waits for minutes, and a test has none to lose."""
    for short in AGENTS:
        change(folder / short / "agent.db", "UPDATE outbox SET next_try = 0")


def goes_to_none(left: Callable[[], int]) -> None:
    """Wait until nothing is left; the cores are shared, so what counts is that it becomes less."""
    while before := left():
        assert wait_until(lambda before=before: left() < before, STUCK_SECONDS), before
