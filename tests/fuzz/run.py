# SPDX-License-Identifier: Apache-2.0
"""Throw bent bytes at everything that reads bytes: `make fuzz`, or ``python -m tests.fuzz.run --cases 1000000``.

A failure is: an error that is none of ours, something signed or proved that nobody signed or proved, or a case that
takes longer than its target may, in processor time. It is printed with the seed and the bytes that show it.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target
from tests.fuzz.targets import targets

from tocsin.errors import TocsinError

_SHOWN = 400


class Failure(msgspec.Struct, frozen=True):
    """What went wrong with which bytes."""

    target: str
    why: str
    data: bytes


class Tally(msgspec.Struct):
    """What became of the cases."""

    taken: int = 0
    refused: int = 0


def attack(given: Sequence[Target], cases: int, seed: int, tally: Tally) -> Iterator[Failure]:
    """That many cases, spread over the targets."""
    dice = random.Random(seed)
    others = [sample for one in given for sample in one.samples]
    for number in range(cases):
        target = given[number % len(given)]
        data = mutated(dice, dice.choice(target.samples), others)
        began = time.process_time()
        why = _read(target, data, tally)
        if not why and time.process_time() - began > target.seconds:
            why = f"It took more than {target.seconds} s."
        if why:
            yield Failure(target.name, why, data)


def _read(target: Target, data: bytes, tally: Tally) -> str:
    """Why it is a failure, or nothing."""
    try:
        taken = target.read(data)
    except TocsinError:
        tally.refused += 1
        return ""
    except Exception as error:  # whatever else it is, is the finding
        return f"{type(error).__name__}: {error}"[:_SHOWN]
    tally.taken += 1
    return "It was taken, and nobody said it." if target.forged and taken else ""


def main() -> int:
    """Print what was found; 1 when something was."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(targets(Path(folder)))
    tally, failures, began = Tally(), 0, time.monotonic()
    print(f"{given.cases:,} cases at {len(found)} readers, seed {given.seed}", flush=True)
    for failure in attack(found, given.cases, given.seed, tally):
        failures += 1
        print(f"{failure.target}: {failure.why}\n  {failure.data[:_SHOWN]!r}", flush=True)
    spent = time.monotonic() - began
    print(f"{tally.refused:,} refused, {tally.taken:,} taken, {failures} failures in {spent:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
