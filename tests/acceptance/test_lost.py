# SPDX-License-Identifier: Apache-2.0
"""Hub, partner and an agent are lost one after the other, as processes, and come back from old backups by commands.

What is a failure: a report with a receipt that stands nowhere or twice, a reader with another tree than the hub's, an
accusation of anybody honest, or a process that does not go on.
"""

import subprocess
import time
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.acceptance.verdict import (
    caught_up,
    check_hub,
    check_replica,
    hub_file,
    notes,
    queue_one,
    waiting,
)
from tests.looking import look

from tocsin.agent import app as agent

pytestmark = pytest.mark.processes

EACH = 10
AGENTS = ("ayr", "bute")


def test_hub_partner_and_agent_come_back_from_old_backups(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    with Machine(tmp_path) as machine:
        machine.raise_hub()
        for short in AGENTS:
            machine.join(short)
        reports = queue(tmp_path)
        for short in AGENTS:
            machine.serve(short)
        assert wait_until(lambda: in_step(tmp_path)), notes(tmp_path, hub_file(tmp_path))
        for process, place in (("hub", "hub"), ("partner", "partner"), ("agent", "ayr")):
            done(tocsin(process, "backup", tmp_path / place, tmp_path / f"{place}.backup"))
        reports += queue(tmp_path)
        assert wait_until(lambda: in_step(tmp_path)), notes(tmp_path, hub_file(tmp_path))

        lose(machine, "hub", "hub.db")
        done(tocsin("hub", "restore", tmp_path / "hub", "--from", tmp_path / "hub.backup"))
        reports += queue(tmp_path)
        machine.start("hub")
        assert wait_until(lambda: in_step(tmp_path)), (
            waiting(tmp_path, AGENTS),
            notes(tmp_path, hub_file(tmp_path)),
        )
        ((restarts,),) = look(
            tmp_path / "hub" / "hub.db", "SELECT count(*) FROM entry WHERE kind = 'restart'"
        )
        assert restarts == 1

        lose(machine, "partner", "partner.db")
        done(tocsin("hub", "witnessed", tmp_path / "hub", tmp_path / "held"))
        backup = ("--from", tmp_path / "partner.backup", "--witnessed", tmp_path / "held")
        done(tocsin("partner", "restore", tmp_path / "partner", *backup))
        machine.start("partner")
        reports += queue(tmp_path)
        assert wait_until(lambda: in_step(tmp_path)), notes(tmp_path, hub_file(tmp_path))

        lose(machine, "ayr", "agent.db")
        done(tocsin("agent", "restore", tmp_path / "ayr", "--from", tmp_path / "ayr.backup"))
        machine.start("ayr")
        reports += queue(tmp_path)
        assert wait_until(lambda: in_step(tmp_path)), (
            waiting(tmp_path, AGENTS),
            notes(tmp_path, hub_file(tmp_path)),
        )
        took = time.monotonic() - started
        check_hub(hub_file(tmp_path), reports)
        for short in AGENTS:
            check_replica(tmp_path, short, reports, hub_file(tmp_path))
    with capsys.disabled():
        print(f"\n{len(reports)} reports, three losses: whole again in {took:.0f} s")


def queue(folder: Path) -> list[str]:
    """Reports of every agent."""
    reports = []
    for short in AGENTS:
        with agent.opened(folder / short) as house:
            first = int(str(look(folder / short / "agent.db", "SELECT count(*) FROM outbox")[0][0]))
            reports += [queue_one(house, f"{short}-{first}", number) for number in range(EACH)]
    return reports


def in_step(folder: Path) -> bool:
    """Whether everything is receipted, followed and witnessed."""
    hub = hub_file(folder)
    hubs, partners, _ = notes(folder, hub)
    return (
        waiting(folder, AGENTS) == 0
        and hubs == partners
        and all(caught_up(folder, short, hub) for short in AGENTS)
    )


def lose(machine: Machine, name: str, store: str) -> None:
    """A process is killed and its store is gone with the machine."""
    machine.kill(name)
    for path in (machine.folder / name).glob(f"{store}*"):
        path.unlink()


def done(result: subprocess.CompletedProcess[str]) -> None:
    """A command that succeeded."""
    assert result.returncode == 0, result.stderr
