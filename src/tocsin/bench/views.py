# SPDX-License-Identifier: Apache-2.0
"""What one entry costs the hub's views when 100,000 stand already: counted in, told as a band, and taken back.

Half of the values have one source, so that the measured second one publishes a band: the dearest case. Beside it
stands the bare engine: one row into a table of the same size and keys.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import apsw

from tocsin.bench.database import emptied, open_hub, settle
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.config.hub import HubConfig
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.observable import Kind, Observable
from tocsin.hub.assembly import exchange
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import Draft, Origin, Placed
from tocsin.hub.views.sources import Said, record_said, retract, vouch
from tocsin.storage.store import Params, Store

_ENTRIES = 100_000
_BATCH = 1_000
_MEASURED = 500
_TARGET = 1_000.0
_BODY = bytes(690)


def run(seed: int) -> Iterator[Row]:
    """Two rows: microseconds for one entry that is applied, and for one that is retracted."""
    return _measured(seed, "hub.db", "")


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same in an empty database of PostgreSQL."""
    with emptied(url):
        yield from _measured(seed, url, ", PostgreSQL")


def _measured(seed: int, place: str, engine: str) -> Iterator[Row]:
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        config = HubConfig(alliance="Bench", public_url="http://hub.example")
        hub = exchange(config, chance.randbytes(64), SystemClock(), os.urandom)
        store = open_hub(Path(folder), place)
        _fill(store, hub)
        settle(place)
        chosen = chance.sample(range(0, _ENTRIES, 2), _MEASURED)
        applied, retracted = _measure(store, hub, chosen)
        store.close()
        beside = Beside("one row by the bare engine", _bare(Path(folder) / "bare.db"))
    for what, spent in (("apply", applied), ("retract", retracted)):
        name = f"{what} one entry at {_ENTRIES:,}{engine}"
        yield Row(name, spent, "µs at the hub's views", "lower", _TARGET, beside).judged()


def _value(number: int) -> Observable:
    return Observable(Kind.DOMAIN, f"login-{number}.example")


def _report(store: Store, hub: Exchange, party: str, numbers: Sequence[int]) -> list[Placed]:
    """Entries of one party, each about a value and under a fact of its own."""
    drafts = [Draft("object", f"rpt_{party}_{number}", _BODY) for number in numbers]
    with store.transaction("bench append") as tx:
        return list(hub.streams.append(tx, "members", drafts, Origin(party, bytes(200))))


def _fill(store: Store, hub: Exchange) -> None:
    with store.transaction("bench directory") as tx:  # whose first entry names the streams
        hub.streams.append(tx, DIRECTORY, [Draft("party", "prt_first", _BODY)], Origin("prt_first", b""))
    for start in range(0, _ENTRIES, _BATCH):
        numbers = range(start, start + _BATCH)
        places = _report(store, hub, "prt_first", numbers)
        said = [
            Said(place, _value(number), attended=True) for place, number in zip(places, numbers, strict=True)
        ]
        with store.transaction("bench fill") as tx:
            record_said(tx, "prt_first", said)


def _measure(store: Store, hub: Exchange, chosen: Sequence[int]) -> tuple[float, float]:
    places = _report(store, hub, "prt_second", chosen)
    streams = {places[0].number: places[0].stream}
    said = [Said(place, _value(number), attended=True) for place, number in zip(places, chosen, strict=True)]
    with store.transaction("bench apply") as tx:
        applied = _mean([partial(vouch, tx, hub, "prt_second", [one]) for one in said])
    facts: list[Params] = [{"fact": f"rpt_prt_second_{number}", "owner": "prt_second"} for number in chosen]
    with store.transaction("bench retract") as tx:
        retracted = _mean([partial(retract, tx, hub, whose, streams) for whose in facts])
    return applied, retracted


def _mean(works: Sequence[Callable[[], object]]) -> float:
    started = time.perf_counter()
    for work in works:
        work()
    return (time.perf_counter() - started) / len(works) * 1e6


def _bare(path: Path) -> float:
    connection = apsw.Connection(str(path))
    connection.execute(
        "CREATE TABLE source (stream, value, party, seq, PRIMARY KEY (stream, value, party, seq))"
    )
    connection.execute("CREATE INDEX entry ON source (stream, seq)")
    insert = "INSERT INTO source VALUES (0, ?, ?, ?)"
    with connection:
        connection.executemany(
            insert, [(str(_value(number)), "prt_first", number) for number in range(_ENTRIES)]
        )
    seconds = [
        (str(_value(number)), "prt_second", number) for number in range(0, _ENTRIES, _ENTRIES // _MEASURED)
    ]
    with connection:
        spent = _mean([partial(connection.execute, insert, one) for one in seconds])
    connection.close()
    return spent
