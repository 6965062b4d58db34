# SPDX-License-Identifier: Apache-2.0
"""Fills a hub's store with as many entries as an alliance has after years, in seconds: see `crowd.sql`."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.store.conftest import Place

from tocsin.storage.queries import Dialect, Query
from tocsin.storage.store import Params, Store, Value

BYTES = b"b" * 32
MOST_PARTIES = 5_000


def crowded(place: Place, entries: int) -> Store:
    """A store whose members' stream has so many entries."""
    store = place.open()
    parties = max(20, min(MOST_PARTIES, entries // 200))
    given: dict[str, Value] = {
        "last": entries - 1,
        "parties": parties,
        "bytes": BYTES,
        "key_start": b"k" * 25,
        "numbers": b"".join(b"%07d" % number for number in range(parties)),
    }
    engine = place.engines[-1]
    if place.kind == "postgres":
        engine.command("SET session_replication_role = replica")  # keys that refer need no check here
    engine.begin("write")
    for query in _statements(place.dialect):
        engine.change(query, {name: given[name] for name in query.parameters})
    engine.command("COMMIT")
    engine.command("ANALYZE")
    return store


def _statements(dialect: Dialect) -> Iterator[Query]:
    """The file's statements in their order. They count with %, which the product's queries do not."""
    text = Path(__file__).with_name("crowd.sql").read_text()
    for block in re.sub(r"^--(?! name:).*\n", "", text, flags=re.M).split("-- name: ")[1:]:
        name, _, statement = block.partition("\n")
        spelled = statement.replace("BYTES", dialect.words["BYTES"]).strip().rstrip(";")
        names = frozenset(re.findall(r"(?<![:\w]):([a-z_]+)", spelled))
        yield Query(name, re.sub(r"(?<![:\w]):([a-z_]+)", dialect.parameter, spelled), names, writes=True)


def sample(query: Query, types: Mapping[str, str], entries: int) -> Params:
    """Values for a query's parameters that meet rows of such a store, each of the type that PostgreSQL found for it."""
    middle = entries // 2
    numbers = {"stream": 1, "number": 1, "home": 1, "version": 1, "limit": 100, "height": 8, "purposes": 1}
    numbers |= dict.fromkeys(("last", "upto", "witnessed_size"), middle + 100)
    numbers |= dict.fromkeys(("added", "before", "now", "since", "expires", "not_before"), 1000 * middle)
    if query.name.startswith("purge_"):
        numbers |= {"now": 10_000, "before": 10_000}  # a few are due each time
    texts = {
        **dict.fromkeys(("owner", "party", "keyid"), "prt_7"),
        "stream": "members",
        "fact": f"fct_{middle}",
        "value": f"domain:x{middle}.example",
        "chain": "chn_w2",
        "role": "bank",
        "kind": "object",
    }
    of_type: dict[str, Callable[[str], Value]] = {
        "bigint": lambda name: numbers.get(name, middle),
        "integer": lambda name: numbers.get(name, middle),
        "text": lambda name: texts.get(name, name),
        "bytea": lambda name: BYTES,
    }
    return {name: of_type[types[name]](name) for name in query.parameters}
