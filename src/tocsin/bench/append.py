# SPDX-License-Identifier: Apache-2.0
"""Durable entries per second in batches of 1,000: salts, commitments, tree, rows, one commit with fsync each.

Beside it stands the bare engine (`tocsin.bench.bare`). With more stored already: `tocsin.bench.depth`.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from tocsin.bench.bare import bare_beside
from tocsin.bench.database import emptied, open_hub
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.domain.audience import DIRECTORY
from tocsin.hub.streams import Draft, Origin, Streams

BATCH = 1_000
_BATCHES = 50
_TARGET = 10_000.0


def run(seed: int) -> Iterator[Row]:
    """One row: entries per second on a file."""
    return _measured(seed, "hub.db", "")


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same in an empty database of PostgreSQL, which is empty again at the end."""
    with emptied(url):
        yield from _measured(seed, url, ", PostgreSQL")


def _measured(seed: int, store: str, engine: str) -> Iterator[Row]:
    drafts = drafts_of(random.Random(seed))  # noqa: S311 a repeatable load, not a secret
    streams, origin = Streams("hub_bench", "live", SystemClock(), os.urandom), Origin("prt_bench", bytes(200))
    with tempfile.TemporaryDirectory() as folder:
        opened = open_hub(Path(folder), store)
        with opened.transaction("bench directory") as tx:
            streams.append(tx, DIRECTORY, drafts[:1], origin)

        def append() -> None:
            """One batch in one transaction."""
            with opened.transaction("bench append") as tx:
                streams.append(tx, "members", drafts, origin)

        ours = rate(append, _BATCHES)
        opened.close()
        with closing(bare_beside(store, Path(folder), [draft.body for draft in drafts])) as bare:
            limit = rate(bare.append, _BATCHES)
    beside = Beside("bare engine, same rows", limit)
    target = max(_TARGET, limit / 3)
    yield Row(f"append from empty{engine}", ours, "entries/s", "higher", target, beside).judged()


def drafts_of(chance: random.Random) -> list[Draft]:
    """One batch."""
    return [Draft("object", f"rpt_{number:032x}", chance.randbytes(690)) for number in range(BATCH)]


def rate(append: Callable[[], None], batches: int) -> float:
    """Entries per second over so many batches."""
    started = time.perf_counter()
    for _ in range(batches):
        append()
    return BATCH * batches / (time.perf_counter() - started)
