# SPDX-License-Identifier: Apache-2.0
"""The SQL that serves a page says yes to exactly what `decide` allows, over generated worlds and on every engine.

A world has parties of every role, standing and country, streams of every kind of audience, groups whose members came,
went and came back, and entries with and without purposes, embargo and body. A failure is: one entry of one stream that
one party reads for one purpose at one time by one of the two and not by the other.
"""

import random
from collections import Counter
from typing import LiteralString, cast

import msgspec
import pytest
from tests.store.conftest import Place
from tests.store.moves import ZERO

from tocsin.clock import DAY, Instant
from tocsin.domain.audience import DIRECTORY, Membership
from tocsin.domain.party import Role, Standing
from tocsin.domain.release import PURPOSES, Item, Purpose, Viewer, bits, decide, follows
from tocsin.hub.readable import PAGE, heads_of, page, sight, streams_of, viewer_of, viewers
from tocsin.hub.streams import StreamHead
from tocsin.storage import sqlite
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import SqliteEngine
from tocsin.storage.steps import SQL, open_store
from tocsin.storage.store import Params, Store, Transaction

NOW = Instant(1_795_249_800_000_000)
TIMES = [Instant(NOW - 2 * DAY), NOW, Instant(NOW + 2 * DAY)]
COUNTRIES = ["GB", "DE"]
GROUPS = ["sepa", "atm-2026", "sepa-2"]
WIDE = {DIRECTORY, "all", "members"}
SEEDS = range(3)
MANY, FEW = 48, 4
"""Entries of a stream that many may follow, and of another."""


class World(msgspec.Struct, frozen=True):
    items: dict[tuple[str, int], Item]
    erased: frozenset[tuple[str, int]]
    parties: tuple[str, ...]


def near(dice: random.Random) -> Instant:
    """A moment within some days of now, often one that another thing has too."""
    return Instant(NOW + dice.choice([-4, -3, -2, -1, 0, 1, 2]) * DAY + dice.choice([-1, 0, 0, 1]))


def add_party(tx: Transaction, number: int, dice: random.Random) -> str:
    party, key = f"prt_{number:032x}", bytes([number]) * 32
    row: Params = {
        "id": party,
        "name": "A party",
        "role": list(Role)[number % 4],
        "jurisdiction": COUNTRIES[number // 4 % 2],
        "standing": dice.choice([*Standing, *[Standing.ACTIVE] * 6]),
        "signing_key": key,
        "sealing_key": key,
        "recovery_key": key,
        "agreement": "",
        "joined": number,
    }
    tx.run("put_party", row)
    for _ in range(dice.randrange(5)):
        since = near(dice)
        times: Params = {
            "name": dice.choice(GROUPS),
            "party": party,
            "since": since,
            "until": dice.choice([None, None, near(dice)]),
            "reads_from": dice.choice([0, since, since + 1]),
        }
        tx.run("put_membership", times)
    return party


def add_entry(tx: Transaction, number: int, seq: int, item: Item, *, erased: bool = False) -> None:
    place: Params = {"stream": number, "seq": seq}
    blank: Params = {"header": b"", "salt_h": ZERO, "origin_c": ZERO, "body_c": ZERO, "leaf": ZERO}
    kind = "erasure" if item.erases else "object"
    said: Params = {"fact": f"f{number}-{seq}", "kind": kind, "added": item.added}
    limits: Params = {"not_before": item.not_before, "purposes": bits(item.purposes)}
    tx.run("insert_entry", {**place, **blank, **said, **limits})
    if not erased:
        tx.run("insert_body", {**place, "salt_b": ZERO, "body": b"said"})


def make(tx: Transaction, dice: random.Random) -> World:
    parties = tuple(add_party(tx, number, dice) for number in range(16))
    names = [DIRECTORY, "all", "members", "everybody", "group:", *(f"group:{name}" for name in GROUPS)]
    names += [f"role:{role}" for role in Role] + [f"jurisdiction:{code}" for code in COUNTRIES]
    names += [f"role:{role}+jurisdiction:{code}" for role in Role for code in COUNTRIES]
    names += [f"party:{party}" for party in dice.sample(parties, 4)]
    items, erased = {}, set()
    for number, name in enumerate(names):
        tx.run("create_stream", {"name": name, "key": ZERO, "frontier": b"", "root": ZERO})
        for seq in range(MANY if name in WIDE else FEW):
            only = frozenset(dice.sample(list(Purpose), dice.choice([0, 0, 0, 0, 1, 2, 4])))
            until = dice.choice([None, None, None, near(dice)])
            item = Item(name, near(dice), only, until, erases=dice.random() < 0.2)
            items[name, seq] = item
            if dice.random() < 0.05:
                erased.add((name, seq))
            add_entry(tx, number, seq, item, erased=(name, seq) in erased)
    return World(items, frozenset(erased), parties)


def compare(store: Store, world: World) -> Counter[bool]:
    """How often each answer was given; fails on the first entry about which the two differ."""
    tally: Counter[bool] = Counter()
    with store.reading("compare") as tx:
        heads = tx.all("stream_heads", {}, into=StreamHead)
        everybody = viewers(tx)
        for party in world.parties:
            viewer = viewer_of(tx, party)
            assert viewer is not None
            assert viewer == everybody[party]
            for now in TIMES:
                there = {head.name for head in heads}
                followed = {name for name in there if follows(name, viewer, now).allowed}
                assert streams_of(viewer, now) & there == followed
                for head in heads:
                    tally += compare_stream(tx, world, viewer, head, now)
    return tally


def compare_stream(
    tx: Transaction, world: World, viewer: Viewer, head: StreamHead, now: Instant
) -> Counter[bool]:
    tally: Counter[bool] = Counter()
    followed = follows(head.name, viewer, now).allowed
    role = viewer.party.role
    seqs = [seq for name, seq in world.items if name == head.name]
    readable: set[int] = set()
    for purpose in Purpose:
        entries = page(tx, viewer, head, 0, now, frozenset({purpose}))
        assert [entry.seq for entry in entries] == (seqs if followed else [])
        served = {entry.seq for entry in entries if entry.body is not None}
        for seq in seqs:
            if (head.name, seq) in world.erased:
                assert seq not in served
                continue
            item = world.items[head.name, seq]
            decision = decide(item, viewer, purpose, now)
            assert (seq in served) == decision.allowed, (item, viewer, purpose, now, decision.reason)
            tally[decision.allowed] += 1
        readable |= served if purpose in PURPOSES[role] else set()
    served_at_all = {entry.seq for entry in page(tx, viewer, head, 0, now) if entry.body is not None}
    assert served_at_all == readable, "following serves what any of the role's purposes allows"
    return tally


@pytest.mark.parametrize("seed", SEEDS)
def test_the_statement_and_the_rules_decide_alike(
    place: Place, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    store = place.open()
    world = store.run("make", lambda tx: make(tx, random.Random(seed)))
    tally = compare(store, world)
    allow = tally[True] / tally.total()
    with capsys.disabled():
        print(f"\n{place.kind}, seed {seed}: {tally.total():,} decisions, {allow:.1%} allowed", end=" ")
    assert 0.1 <= allow <= 0.9


def test_a_body_and_its_salt_go_together(store: Store) -> None:
    world = store.run("make", lambda tx: make(tx, random.Random(7)))
    with store.reading("look") as tx:
        for head in tx.all("stream_heads", {}, into=StreamHead):
            for viewer in viewers(tx).values():
                for entry in page(tx, viewer, head, 0, NOW):
                    assert (entry.body is None) == (entry.salt_b is None)
                    assert entry.stream == head.name
    assert world.erased


def test_followers_of_equal_sight_are_served_the_same(store: Store) -> None:
    """What is encoded once for several readers is what each of them would have got alone."""
    store.run("make", lambda tx: make(tx, random.Random(8)))
    shared = 0
    with store.reading("look") as tx:
        everybody = [one for one in viewers(tx).values() if one.party.standing is Standing.ACTIVE]
        for head in tx.all("stream_heads", {}, into=StreamHead):
            served: dict[object, object] = {}
            for viewer in everybody:
                if head.name in streams_of(viewer, NOW):
                    entries = page(tx, viewer, head, 0, NOW)
                    shared += sight(viewer, head.name) in served
                    assert served.setdefault(sight(viewer, head.name), entries) == entries
    assert shared > 10


def test_a_reader_is_given_the_heads_of_its_streams_and_of_no_other(store: Store) -> None:
    store.run("make", lambda tx: make(tx, random.Random(9)))
    with store.reading("look") as tx:
        every = tx.all("stream_heads", {}, into=StreamHead)
        for viewer in viewers(tx).values():
            names = streams_of(viewer, NOW)
            assert heads_of(tx, names) == [head for head in every if head.name in names]


def test_which_streams_a_party_follows_is_asked_again_when_it_changes(store: Store) -> None:
    """The answer is remembered by what it rests on: standing, role, country and the groups of that moment."""
    store.run("make", lambda tx: make(tx, random.Random(10)))
    with store.reading("look") as tx:
        for viewer in viewers(tx).values():
            for now in TIMES:
                assert DIRECTORY in streams_of(viewer, now) or viewer.party.standing is not Standing.ACTIVE
                groups = {f"group:{name}" for name in viewer.groups(now)}
                followed = {name for name in streams_of(viewer, now) if name.startswith("group:")}
                assert followed == (groups if viewer.party.standing is Standing.ACTIVE else set())
            away = msgspec.structs.replace(viewer.party, standing=Standing.SUSPENDED)
            assert streams_of(msgspec.structs.replace(viewer, party=away), NOW) == frozenset()


def test_a_page_goes_on_where_the_last_one_ended(store: Store) -> None:
    def fill(tx: Transaction) -> str:
        party = add_party(tx, 0, random.Random(0))
        tx.run("create_stream", {"name": "all", "key": ZERO, "frontier": b"", "root": ZERO})
        for seq in range(PAGE + 3):
            add_entry(tx, 0, seq, Item("all", Instant(seq)))
        return party

    party = store.run("fill", fill)
    with store.reading("look") as tx:
        viewer = viewer_of(tx, party)
        (head,) = tx.all("stream_heads", {}, into=StreamHead)
        assert viewer is not None
        assert [entry.seq for entry in page(tx, viewer, head, 0, NOW)] == list(range(PAGE))
        assert [entry.seq for entry in page(tx, viewer, head, PAGE, NOW)] == [PAGE, PAGE + 1, PAGE + 2]
        assert viewer_of(tx, "prt_nobody") is None


def test_a_membership_of_another_party_or_group_opens_nothing(store: Store) -> None:
    """The least worlds in which a lost condition of the statement shows by itself."""

    def fill(tx: Transaction) -> None:
        for number in range(2):
            row = {
                "id": f"prt_{number}",
                "name": "A",
                "role": "bank",
                "jurisdiction": "GB",
                "standing": "active",
            }
            key = bytes([number]) * 32
            keys: Params = {"signing_key": key, "sealing_key": key, "recovery_key": key}
            tx.run("put_party", {**row, **keys, "agreement": "", "joined": 0})
        times: Params = {"name": "sepa", "party": "prt_0", "since": 0, "until": None, "reads_from": 0}
        tx.run("put_membership", times)
        for number, name in enumerate(["group:sepa", "group:atm"]):
            tx.run("create_stream", {"name": name, "key": ZERO, "frontier": b"", "root": ZERO})
            add_entry(tx, number, 0, Item(name, NOW))

    store.run("fill", fill)
    with store.reading("look") as tx:
        heads = tx.all("stream_heads", {}, into=StreamHead)
        found = {
            (party, head.name)
            for party, viewer in viewers(tx).items()
            for head in heads
            if page(tx, viewer, head, 0, NOW)
        }
    assert found == {("prt_0", "group:sepa")}


def test_memberships_are_kept_by_their_beginning(store: Store) -> None:
    times = Membership("sepa", Instant(5), None, Instant(6))
    row: Params = {"name": "sepa", "party": "prt_0", "since": 5, "until": None, "reads_from": 6}

    def fill(tx: Transaction) -> Viewer | None:
        add_party(tx, 0, random.Random(1))
        tx.run("put_membership", {**row, "party": f"prt_{0:032x}"})
        tx.run("put_membership", {**row, "party": f"prt_{0:032x}", "until": 9})
        return viewer_of(tx, f"prt_{0:032x}")

    viewer = store.run("fill", fill)
    assert viewer is not None
    assert msgspec.structs.replace(times, until=Instant(9)) in viewer.memberships
    assert times not in viewer.memberships


CONDITIONS = [
    (" AND since <= :now", ""),
    ("since <= :now", "since < :now"),
    (" AND (until IS NULL OR until > :now)", ""),
    ("until > :now", "until >= :now"),
    (" AND membership.party = :party", ""),
    ("stream.name = 'group:' || membership.name", "TRUE"),
    ("min(reads_from)", "max(reads_from)"),
    (" AND party.standing = 'active'", ""),
    ("party.id = :party", "party.id >= :party"),
    ("'directory', ", ""),
    ("'all',\n", "'members',\n"),
    ("THEN 'members' ELSE 'all'", "THEN 'members' ELSE 'members'"),
    ("IN ('bank', 'desk')", "IN ('bank')"),
    ("'role:' || party.role, ", ""),
    ("'jurisdiction:' || party.jurisdiction,", ""),
    ("'role:' || party.role || '+jurisdiction:' || party.jurisdiction, ", ""),
    (", 'party:' || party.id", ""),
    ("entry.added >= reader.reads_from", "entry.added > reader.reads_from"),
    ("(entry.added >= reader.reads_from OR entry.kind = 'erasure')\n  AND ", ""),
    (" OR entry.kind = 'erasure'", ""),
    (" AND (entry.not_before IS NULL OR entry.not_before <= :now)", ""),
    ("entry.not_before <= :now", "entry.not_before < :now"),
    ("AND :purposes <> 0 ", ""),
    ("entry.purposes = 0 OR ", ""),
    (" AND (entry.purposes = 0 OR (entry.purposes & :purposes) <> 0)", ""),
]


@pytest.mark.parametrize(("condition", "instead"), CONDITIONS)
def test_no_condition_of_the_statement_is_idle(condition: str, instead: str) -> None:
    """Each of them, taken away or moved by a hair, decides otherwise than the rules somewhere in these worlds."""
    engine = SqliteEngine(":memory:")
    store = open_store(engine, sqlite.DIALECT, SQL / "hub")
    statement = store.queries["readable_page"]
    assert condition in statement.text
    text = statement.text.replace(condition, instead)
    changed = Query(statement.name, cast("LiteralString", text), statement.parameters, writes=False)
    store.queries = {**store.queries, "readable_page": changed}
    try:
        world = store.run("make", lambda tx: make(tx, random.Random(0)))
        with pytest.raises(AssertionError):
            compare(store, world)
    finally:
        store.close()
