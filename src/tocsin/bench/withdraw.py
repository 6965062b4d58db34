# SPDX-License-Identifier: Apache-2.0
"""From a withdrawal, and from an expiry, to the moment when the rule is gone from the file of a connected agent.

A hub and four agents as the product serves them, each a process of its own, with 10,000 values at block that three
banks have confirmed to each other by twos. Two banks name a value, every agent writes it; then one bank takes its
report back, or the value's time ends, and the files are looked at every few milliseconds. What is measured begins with
the first byte of the request, or with the end that the file itself names. Beside it stands the hub's answer to the
withdrawal.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, cycle
from pathlib import Path

import msgspec

from tocsin.agent import app as agent
from tocsin.agent.shields.switching import State
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership
from tocsin.agent.verbs.shield import switch
from tocsin.agent.work import protection
from tocsin.bench.alliance import BenchHub, found, report
from tocsin.bench.result import Beside, Row
from tocsin.clock import SECOND, SystemClock, from_text
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.files import load, save
from tocsin.config.shields import Decay, Shields
from tocsin.domain.party import Role
from tocsin.errors import RemoteError
from tocsin.hub import app as hub_app
from tocsin.ids import new_id
from tocsin.web.calling import outbound
from tocsin.wire.messages import Erase, Report, decode, encode
from tocsin.world.processes import Processes

_STANDING = 10_000
_BATCH = 1_000
_BANKS = 3
_READERS = 3
_ROUNDS = 80
_EXPIRIES = 20
_APART_SECONDS = 0.4
"""Between two values that expire: each has a look of its own."""
_TARGET_SECONDS = 2.0
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.003
_BRIEF = Decay(name_days=8 / 86_400 / 0.625)
"""At one agent a value counts for eight seconds."""
_FILE = "block.csv"


class _Sample(msgspec.Struct, frozen=True):
    """One withdrawal."""

    answered: float
    """Seconds until the hub's answer."""
    gone: tuple[float, ...]
    """Seconds until the value was in no file, for each reader."""


def run(seed: int) -> Iterator[Row]:
    """Two rows: withdrawals, at the 99th percentile of all readers, and the worst of all expiries."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as name, Processes() as processes:
        place = Path(name)
        hub = found(place / "hub", _BANKS, chance)
        processes.serve("hub", ["hub", "serve", str(hub.folder)], place / "hub.log")
        homes = [_joined(place, hub, number) for number in range(_READERS + 1)]
        brief = homes[-1] / agent.SETTINGS
        save(brief, msgspec.structs.replace(load(brief, AgentConfig), decay=_BRIEF))
        for home in homes:
            processes.serve(home.name, ["agent", "serve", str(home)], place / f"{home.name}.log")
        samples, late = asyncio.run(_measure(hub, [home / _FILE for home in homes], chance))
    gone = sorted(seconds for sample in samples for seconds in sample.gone)
    answered = sorted(sample.answered for sample in samples)
    yield Row(
        f"withdrawal to rule gone, p99 of {len(gone)}, {_STANDING:,} at block", _p99(gone) * 1000, "ms", "lower",
        _TARGET_SECONDS * 1000, Beside("the hub's answer, p99", _p99(answered) * 1000),
    ).judged()  # fmt: skip
    yield Row(
        f"expiry to rule gone, worst of {len(late)}", max(late) * 1000, "ms", "lower", _TARGET_SECONDS * 1000,
        Beside("median", sorted(late)[len(late) // 2] * 1000),
    ).judged()  # fmt: skip


def _p99(ordered: Sequence[float]) -> float:
    """The value that at most one in a hundred exceeds, by the nearest rank."""
    return ordered[max(0, -(-99 * len(ordered) // 100) - 1)]


def _joined(place: Path, hub: BenchHub, number: int) -> Path:
    """A bank's agent with one file, switched on."""
    home, name = place / f"reader{number}", f"Reader {number} plc"
    code = hub_app.enrol(hub.folder, name, Role.BANK, "GB").code
    agent.init(home, hub.url, code, OwnAssets(legal_name=name), None)
    settings = home / agent.SETTINGS
    save(settings, msgspec.structs.replace(load(settings, AgentConfig), shields=Shields(csv=_FILE)))
    with agent.opened(home) as house:
        switch(house, protection(house), "csv", State.ON, "bench", "it is what is measured")
    return home


async def _measure(
    hub: BenchHub, files: Sequence[Path], chance: random.Random
) -> tuple[list[_Sample], list[float]]:
    readers, brief = files[:_READERS], files[-1]
    async with outbound("", "", 30.0) as http:
        banks = [(bank, SignedHub(http, hub.url, bank, SystemClock(), os.urandom)) for bank in hub.banks]
        for start, both in zip(range(0, _STANDING, _BATCH), cycle(combinations(banks, 2)), strict=False):
            values = [f"standing-{start + number}.example" for number in range(_BATCH)]
            await _name(both, values, chance)
        await asyncio.gather(*(_until(_holds(file, f"standing-{_STANDING - 1}.example")) for file in readers))
        samples = [await _withdraw(banks[:2], readers, number, chance) for number in range(_ROUNDS)]
        ending = [_expire(banks[:2], brief, number, chance) for number in range(_EXPIRIES)]
        late = await asyncio.gather(*ending)
    return samples, late


async def _name(
    banks: Sequence[tuple[Membership, SignedHub]], values: Sequence[str], chance: random.Random
) -> str:
    """Both banks name the same values; the first one's report."""
    bodies = [report(bank, values, SystemClock(), chance) for bank, _ in banks]
    for body, (_, client) in zip(bodies, banks, strict=True):
        await client.post("/v1/reports", body)
    return decode(bodies[0], Report).id


async def _withdraw(
    banks: Sequence[tuple[Membership, SignedHub]], files: Sequence[Path], number: int, chance: random.Random
) -> _Sample:
    value = f"withdrawn-{number}.example"
    fact = await _name(banks, [value], chance)
    await asyncio.gather(*(_until(_holds(file, value)) for file in files))
    _, client = banks[0]
    message = Erase(id=new_id("msg", chance.randbytes), sent=SystemClock().now(), fact=fact, reason="mistake")
    began = time.perf_counter()
    watching = [asyncio.ensure_future(_until(_lacks(file, value))) for file in files]
    await client.post("/v1/erasures", encode(message))
    answered = time.perf_counter() - began
    return _Sample(answered, tuple([at - began for at in await asyncio.gather(*watching)]))


async def _expire(
    banks: Sequence[tuple[Membership, SignedHub]], file: Path, number: int, chance: random.Random
) -> float:
    """Seconds from the end that the file names to the file without the value; 0 when it was gone in the same moment."""
    await asyncio.sleep(number * _APART_SECONDS)
    value = f"brief-{number}.example"
    await _name(banks, [value], chance)
    await _until(_holds(file, value))
    line = next(line for line in file.read_text().splitlines() if value in line)
    ends = from_text(line.rpartition(",")[2]) / SECOND
    await _until(_lacks(file, value))
    return max(0.0, SystemClock().now() / SECOND - ends)


async def _until(holds: Callable[[], bool]) -> float:
    """When it first held; RemoteError when it did not come to."""
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while not holds():
        if time.perf_counter() > deadline:
            raise RemoteError("A protection file did not follow.")
        await asyncio.sleep(_LOOK_SECONDS)
    return time.perf_counter()


def _holds(file: Path, value: str) -> Callable[[], bool]:
    """Whether a file names a value; it is read only when it was replaced."""
    seen: list[tuple[int, bool]] = [(0, False)]

    def look() -> bool:
        """Whether it does now."""
        changed = file.stat().st_ctime_ns
        if changed != seen[0][0]:
            seen[0] = changed, value in file.read_text()
        return seen[0][1]

    return look


def _lacks(file: Path, value: str) -> Callable[[], bool]:
    holds = _holds(file, value)
    return lambda: not holds()
