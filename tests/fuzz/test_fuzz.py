# SPDX-License-Identifier: Apache-2.0
"""The short form of ``make fuzz``: no bytes break a reader, forge a proof, or bring the hub to a 500."""

import asyncio
import random
from pathlib import Path

import pytest
from tests.fuzz.mutations import DEEP, mutated
from tests.fuzz.requests import refused_badly
from tests.fuzz.run import Tally, attack
from tests.fuzz.target import Target
from tests.fuzz.targets import targets

from tocsin.errors import Malformed

CASES = 20_000
REQUESTS = 600
SEED = 20261121


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> list[Target]:
    return asyncio.run(targets(tmp_path_factory.mktemp("alliance")))


def test_every_reader_takes_what_honest_parties_say(readers):
    assert len(readers) > 50
    for one in readers:
        for sample in one.samples:
            taken = one.read(sample)
            assert taken is not one.forged, f"{one.name}: a sample is taken, and is no forgery"


def test_no_bytes_break_a_reader_or_pass_for_what_nobody_said(readers):
    tally = Tally()
    assert list(attack(readers, CASES, SEED, tally)) == []
    assert tally.refused > CASES // 2
    assert tally.taken > CASES // 50, "some changes do no harm: not everything is refused at the first byte"


async def test_no_message_brings_the_hub_to_a_500(tmp_path: Path):
    assert [one async for one in refused_badly(tmp_path, REQUESTS, SEED)] == []


def sloppy(data: bytes) -> bool:
    if b"\x00" in data:
        raise ValueError("a crash")
    if data != b"honest words":
        raise Malformed("no")
    return False


def slow(data: bytes) -> bool:
    sum(range(20_000_000))
    return True


@pytest.mark.parametrize(
    ("reader", "forged", "why"),
    [
        (sloppy, False, "ValueError: a crash"),
        (lambda data: data != b"honest words", True, "nobody said it"),
        (slow, False, "more than"),
    ],
)
def test_what_is_planted_is_found(reader, forged, why):
    bad = Target("planted", reader, (b"honest words",), forged)
    found = next(attack([bad], 5_000, SEED, Tally()))
    assert why in found.why


def test_the_same_seed_bends_the_same_bytes():
    def run() -> list[bytes]:
        dice = random.Random(SEED)
        return [mutated(dice, b'{"a":[1,{"b":"c"}]}', [b"other"]) for _ in range(300)]

    assert run() == run()
    assert len(set(run())) > 200
    assert any(len(one) > DEEP for one in run())
