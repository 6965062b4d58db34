# SPDX-License-Identifier: Apache-2.0
"""Several connections at once: what must happen once happens once, and numbers have no gap."""

import multiprocessing
import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest
from tests.store.conftest import Place
from tests.store.moves import ZERO, Head, append, page, stream_named

from tocsin.errors import StoreBusy
from tocsin.storage.store import Store, Transaction

T = TypeVar("T")


class Receipt(msgspec.Struct, frozen=True):
    receipt: bytes


class Redeemed(msgspec.Struct, frozen=True):
    name: str
    role: str
    jurisdiction: str
    namesake: int


def race(stores: list[Store], work: Callable[[Store, int], T]) -> list[T]:
    """The same work on every connection at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(stores))
    results: dict[int, T] = {}

    def run(number: int) -> None:
        start.wait()
        results[number] = work(stores[number], number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(stores))]


def test_threads_that_race_on_one_stream_leave_no_gap(shared: Place) -> None:
    def append_many(store: Store, number: int) -> list[int]:
        return [store.run("append", lambda tx: append(tx, "all", owner=f"prt_{number}")) for _ in range(30)]

    stores = [shared.open() for _ in range(3)]
    taken = race(stores, append_many)
    rows = page(stores[0])
    assert sorted(seq for seqs in taken for seq in seqs) == list(range(90))
    assert [row.seq for row in rows] == list(range(90))
    assert [row.added for row in rows] == list(range(1, 91))
    assert sum(store.tally["append", "committed"] for store in stores) == 90


def _append_in_a_process(kind: str, target: str) -> None:
    place = Place(kind, target)
    store = place.open()
    for _ in range(20):
        store.run("append", lambda tx: append(tx, "all"))
    place.close()


def test_processes_that_race_on_one_stream_leave_no_gap(shared: Place) -> None:
    store = shared.open()
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_append_in_a_process, args=(shared.kind, shared.target)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert [row.seq for row in page(store)] == list(range(40))


def test_streams_that_are_made_at_once_get_different_numbers(shared: Place) -> None:
    stores = [shared.open() for _ in range(3)]

    def make_five(store: Store, number: int) -> list[int]:
        names = [f"{number}/{count}" for count in range(5)]
        return [store.run("make", lambda tx, name=name: stream_named(tx, name).number) for name in names]

    made = race(stores, make_five)
    assert sorted(number for numbers in made for number in numbers) == list(range(15))


def test_a_stream_that_two_make_at_once_is_made_once(shared: Place) -> None:
    stores = [shared.open() for _ in range(2)]
    heads = race(stores, lambda store, _: store.run("make", lambda tx: stream_named(tx, "all")))
    assert heads[0] == heads[1]


def test_a_code_is_spent_once(shared: Place) -> None:
    stores = [shared.open() for _ in range(3)]
    invitation = {
        "name": "A Bank",
        "role": "bank",
        "jurisdiction": "GB",
        "namesake": 0,
        "expires": 100,
        "code_hash": ZERO,
    }
    stores[0].run("invite", lambda tx: tx.run("insert_invitation", invitation))

    def redeem(store: Store, number: int) -> Redeemed | None:
        params = {"code_hash": ZERO, "party": f"prt_{number}", "now": 99}
        return store.run("redeem", lambda tx: tx.one("spend_invitation", params, into=Redeemed))

    won = [found for found in race(stores, redeem) if found]
    assert won == [Redeemed("A Bank", "bank", "GB", 0)]


def test_a_nonce_is_new_once(shared: Place) -> None:
    stores = [shared.open() for _ in range(3)]
    nonce = {"keyid": "prt_1", "nonce": "n", "expires": 100}
    changed = race(stores, lambda store, _: store.run("check", lambda tx: tx.run("insert_nonce", nonce)))
    assert sorted(changed) == [0, 0, 1]


def test_a_message_that_arrives_twice_at_once_has_one_receipt(shared: Place) -> None:
    stores = [shared.open() for _ in range(3)]

    def accept(store: Store, number: int) -> bytes:
        def once(tx: Transaction) -> bytes:
            key = {"party": "prt_1", "id": "msg_1"}
            found = tx.one("receipt_of_message", key, into=Receipt)
            if found is None:
                append(tx, "all")
                found = Receipt(b"receipt of %d" % number)
                tx.run("insert_message", {**key, "receipt": found.receipt, "added": 1})
            return found.receipt

        return store.run("accept", once)

    assert len(set(race(stores, accept))) == 1
    assert len(page(stores[0])) == 1


def test_a_decision_rests_on_what_was_read(shared: Place) -> None:
    """Write skew: each reads that the other's fact is absent and then writes its own."""
    stores = [shared.open() for _ in range(2)]

    def first_come(store: Store, number: int) -> bool:
        def claim(tx: Transaction) -> bool:
            if tx.one("get_meta", {"key": f"claim {1 - number}"}, into=Value):
                return False
            tx.run("set_meta", {"key": f"claim {number}", "value": b""})
            return True

        return store.run("claim", claim)

    assert sorted(race(stores, first_come)) == [False, True]


class Value(msgspec.Struct, frozen=True):
    value: bytes


@pytest.mark.processes
def test_a_transaction_that_does_not_repeat_says_that_it_must(server: Place) -> None:
    first, second = server.open(), server.open()
    first.run("make", lambda tx: stream_named(tx, "all"))

    def clash() -> None:
        with second.transaction("late") as late:
            late.all("stream_heads", {}, into=Head)
            first.run("early", lambda tx: append(tx, "all"))
            append(late, "all")

    with pytest.raises(StoreBusy, match="In 'late'"):
        clash()
    assert len(page(first)) == 1


@pytest.mark.processes
def test_refused_work_is_repeated_alone_and_then_succeeds(server: Place) -> None:
    first, second = server.open(), server.open()
    first.run("make", lambda tx: stream_named(tx, "all"))
    attempts = iter(range(5))

    def late(tx: Transaction) -> int:
        tx.all("stream_heads", {}, into=Head)
        if next(attempts) == 0:
            first.run("early", lambda early: append(early, "all"))
        return append(tx, "all")

    assert second.run("late", late) == 1
    assert second.tally == {("build the store", "committed"): 1, ("late", "undone"): 1,
                            ("late", "repeated"): 1, ("late", "committed"): 1}  # fmt: skip


def test_a_reader_never_waits_for_a_writer(shared: Place) -> None:
    writer, reader = shared.open(), shared.open()
    with writer.transaction("slow") as tx:
        append(tx, "all")
        assert page(reader) == []
    assert len(page(reader)) == 1
