# SPDX-License-Identifier: Apache-2.0
"""The power goes at every step of a report's way, on every machine of it; what was promised is there when it is back.

`tests.crash.found` says what is demanded then, `tests.crash.steps` what a step is. The steps are those that a quiet run
takes, so a new query or a new write of a file is a new step by itself. `POWER_CUTS=all` cuts at each of them several
times; without it, at a different part of them in each kind of step, within CI's time.
"""

import asyncio
import os
import random
import re
import time
from collections import Counter
from pathlib import Path

import apsw
import pytest
from tests.crash.machines import Machines
from tests.crash.steps import HEADS, INTAKE

from tocsin.errors import TocsinError
from tocsin.hub import commits, intake
from tocsin.storage import sqlite
from tocsin.storage.store import Transaction

SEED = int(os.environ.get("TOCSIN_SEED", "20261129"))
ROUNDS = 40
"""Cuts that one alliance lives through: its store grows, and looking at it takes longer."""
WHOLE = os.environ.get("POWER_CUTS") == "all"
OF_FILES = re.compile(r": (after )?(write|sync|truncate|delete) ")
"""Steps of which each time is another moment: somewhere in a commit or a checkpoint."""


async def quiet_steps(folder: Path, patch: pytest.MonkeyPatch) -> Counter[str]:
    """Every step that is taken while nothing happens to anybody, and how often."""
    folder.mkdir()
    async with Machines(folder, SEED, patch) as machines:
        machines.fuse.set("", 0)
        for _ in range(3):
            await machines.busy()
            await machines.settle()
        return Counter(machines.fuse.heard)


def chosen(steps: Counter[str], dice: random.Random) -> list[tuple[str, int]]:
    """The cuts to make: at which step, for the so-many-th time."""
    cuts = []
    for step, times in sorted(steps.items()):
        if step.startswith("bute"):
            continue  # does what ayr does
        of_files = OF_FILES.search(step) is not None
        if WHOLE:
            count = 12 if of_files else 2
        else:
            numbered = "(" in step or "COMMIT" in step
            count = 2 if of_files else int(numbered or dice.random() < 0.25)
        cuts += [(step, dice.randint(1, max(1, times // 3))) for _ in range(count)]
    dice.shuffle(cuts)
    return cuts


async def cut_at(machines: Machines, step: str, times: int) -> bool:
    """Whether the power went there; then it came back, and everything that was promised was found."""
    machines.fuse.set(step, times)
    try:
        await machines.busy()
        machines.fuse.rest()
        await machines.power_up()
    except BaseException as error:
        error.add_note(f"after a cut at {step!r}, time {times}: {machines.standing()}")
        raise
    return machines.fuse.blown


async def live_through(folder: Path, cuts: list[tuple[str, int]]) -> Counter[str]:
    """Where the power went, in one alliance; AssertionError when something that was promised is not there."""
    went: Counter[str] = Counter()
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        async with Machines(folder, SEED + len(folder.name), patch) as machines:
            for step, times in cuts:
                if await cut_at(machines, step, times):
                    went[step] += 1
            await machines.settle()
            machines.fuse.cut_all()
            await machines.power_up()
    return went


async def test_what_was_promised_survives_a_cut_at_every_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    dice = random.Random(SEED)
    with pytest.MonkeyPatch.context() as patch:
        steps = await quiet_steps(tmp_path / "quiet", patch)
    assert {f"hub: {step}" for step in INTAKE | HEADS} <= steps.keys()
    cuts = chosen(steps, dice)
    went: Counter[str] = Counter()
    for start in range(0, len(cuts), ROUNDS):
        went += await live_through(tmp_path / f"alliance-{start}", cuts[start : start + ROUNDS])
    with capsys.disabled():
        print(
            f"\n{went.total()} power cuts of {len(cuts)} that were set, at {len(went)} of {len(steps)} steps, "
            f"in {time.monotonic() - began:.0f} s"
        )
    assert went.total() > 0.8 * len(cuts)


def test_the_steps_of_intake_are_those_of_its_plan() -> None:
    planned = set(re.findall(r"^\((\d+)\)", intake.__doc__ or "", re.M))
    assert {re.findall(r"\d+", step)[0] for step in INTAKE} == planned


FOUND_OUT = (AssertionError, apsw.Error, TocsinError)
"""A promise that was not kept, or a file that is none any more."""


@pytest.mark.parametrize("setting", ["OFF", "NORMAL"])
@pytest.mark.parametrize(
    "step",
    [
        "hub: after (10) the receipt is given",
        "partner: COMMIT after append_log",
        "ayr: COMMIT after queue_message",
    ],
)
async def test_a_machine_that_syncs_too_little_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, step: str
) -> None:
    """OFF syncs nothing; NORMAL syncs in WAL mode at checkpoints only, and forgets the commits since."""
    weaker = tuple(text.replace("= FULL", f"= {setting}") for text in sqlite._SETTINGS)
    assert weaker != sqlite._SETTINGS
    monkeypatch.setattr(sqlite, "_SETTINGS", weaker)
    with pytest.raises(FOUND_OUT):
        await live_through(tmp_path / "alliance", [(step, times) for times in (2, 3, 2, 3)] * 4)


async def test_a_hub_that_answers_before_it_commits_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = commits._Job.attempt

    def hasty(job: commits._Job[object], tx: Transaction) -> None:
        attempt(job, tx)
        job.tell()
        asyncio.run_coroutine_threadsafe(turns(), job.loop).result(10)

    async def turns() -> None:
        for _ in range(200):  # more than the loop needs to give the answer to its sender, who keeps it
            await asyncio.sleep(0)

    folder = tmp_path / "alliance"
    folder.mkdir()
    async with Machines(folder, SEED, monkeypatch) as machines:
        monkeypatch.setattr(commits._Job, "attempt", hasty)
        with pytest.raises(AssertionError, match="a receipted report is lost"):
            await cut_at(machines, "hub: COMMIT after insert_message", 1)
