# SPDX-License-Identifier: Apache-2.0
"""What a transaction promises, on every engine."""

from contextlib import suppress
from enum import StrEnum

import msgspec
import pytest
from tests.store.conftest import Place
from tests.store.moves import ZERO, Head, append, page, stream_named

from tocsin.errors import StorageError, StoreBusy
from tocsin.storage.store import Store, Transaction, Value


class Meta(msgspec.Struct, frozen=True):
    value: bytes


class Colour(StrEnum):
    RED = "red"


def keep(tx: Transaction, key: str, value: Value = b"kept") -> int:
    return tx.run("set_meta", {"key": key, "value": value})


def kept(store: Store, key: str) -> bytes | None:
    with store.reading("look") as tx:
        found = tx.one("get_meta", {"key": key}, into=Meta)
    return found.value if found else None


def test_what_was_committed_is_there(store: Store) -> None:
    with store.transaction("keep") as tx:
        assert keep(tx, "a") == 1
    assert kept(store, "a") == b"kept"
    assert store.tally["keep", "committed"] == 1


def test_what_raised_is_undone(store: Store) -> None:
    def fail(tx: Transaction) -> None:
        keep(tx, "a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.run("keep", fail)
    assert kept(store, "a") is None
    assert store.tally["keep", "undone"] == 1


def test_run_gives_what_the_work_gave(store: Store) -> None:
    assert store.run("keep", lambda tx: keep(tx, "a")) == 1


def test_run_repeats_busy_work_a_bounded_number_of_times(place: Place) -> None:
    store = place.open()
    seen: list[str] = []

    def busy(tx: Transaction) -> None:
        seen.append(tx.name)
        raise StoreBusy("Another came first.")

    with pytest.raises(StoreBusy):
        store.run("always busy", busy)
    assert seen == ["always busy"] * place.engines[0].attempts
    assert store.tally["always busy", "repeated"] == len(seen) - 1


def test_one_bad_job_is_undone_alone(store: Store) -> None:
    with store.transaction("wave") as tx:
        for key, value in (("first", b"1"), ("bad", None), ("last", b"3")):
            try:
                with tx.savepoint():
                    keep(tx, f"{key} note")
                    keep(tx, key, value)
            except StorageError:
                assert key == "bad"
    assert [kept(store, key) for key in ("first", "bad note", "bad", "last")] == [b"1", None, None, b"3"]


def test_a_savepoint_inside_a_savepoint_is_undone_alone(store: Store) -> None:
    with store.transaction("wave") as tx, tx.savepoint():
        keep(tx, "outer")
        with suppress(KeyError), tx.savepoint():
            keep(tx, "inner")
            raise KeyError
    assert (kept(store, "outer"), kept(store, "inner")) == (b"kept", None)


def test_a_failure_outside_a_savepoint_dooms_the_transaction_even_when_it_is_swallowed(store: Store) -> None:
    def swallow(tx: Transaction) -> None:
        keep(tx, "a")
        with pytest.raises(StorageError):
            keep(tx, "b", None)
        with pytest.raises(StorageError):
            keep(tx, "c")

    with pytest.raises(StorageError):
        store.run("wave", swallow)
    assert (kept(store, "a"), kept(store, "c")) == (None, None)


def test_busy_dooms_the_whole_transaction_even_in_a_savepoint(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = place.open()
    monkeypatch.setattr(place.engines[0], "explain", lambda _error, where: StoreBusy(where))

    def swallow(tx: Transaction) -> None:
        keep(tx, "a")
        for key, value in (("b", None), ("c", b"")):
            with pytest.raises(StoreBusy), tx.savepoint():
                keep(tx, key, value)

    with pytest.raises(StoreBusy):
        store.run("wave", swallow)
    assert kept(store, "a") is None
    assert store.tally["wave", "undone"] == place.engines[0].attempts


def test_transactions_do_not_nest(store: Store) -> None:
    with store.transaction("outer"), pytest.raises(StorageError, match="'outer' is open"):
        store.run("inner", lambda tx: keep(tx, "a"))


def test_nothing_happens_outside_a_transaction(store: Store) -> None:
    with store.transaction("short") as tx:
        pass
    with pytest.raises(StorageError, match="'short' is over"):
        keep(tx, "a")


def test_a_closed_store_stays_closed(store: Store) -> None:
    store.close()
    with pytest.raises(StorageError, match="closed"):
        store.run("late", lambda tx: keep(tx, "a"))


def test_a_reading_transaction_cannot_write(store: Store) -> None:
    with pytest.raises(StorageError, match="only reads"), store.reading("look") as tx:
        keep(tx, "a")


@pytest.mark.parametrize(
    ("query", "params", "message"),
    [
        ("no_such_query", {}, "no query no_such_query"),
        ("get_meta", {}, "takes key"),
        ("get_meta", {"key": "a", "kye": "a"}, "takes key"),
        ("get_meta", {"key": True}, "cannot store this key"),
        ("get_meta", {"key": 1.5}, "cannot store this key"),
        ("get_meta", {"key": "a\0b"}, "cannot store this key"),
        ("purge_nonces", {"now": 2**63}, "cannot store this now"),
        ("purge_nonces", {"now": -(2**63) - 1}, "cannot store this now"),
    ],
)
def test_a_query_asked_wrongly_is_refused(
    store: Store, query: str, params: dict[str, Value], message: str
) -> None:
    with pytest.raises(StorageError, match=message), store.transaction("wrong") as tx:
        tx.all(query, params, into=Meta)


def test_a_refused_run_each_changes_nothing(store: Store) -> None:
    good: dict[str, Value] = {"key": "a", "value": b""}
    with pytest.raises(StorageError), store.transaction("wrong") as tx:
        tx.run_each("set_meta", [good, {"key": "b", "value": False}])
    assert kept(store, "a") is None


def test_run_each_counts_changed_rows_only(store: Store) -> None:
    nonces = [{"keyid": "k", "nonce": nonce, "expires": 1} for nonce in ("a", "b", "a", "c")]
    assert store.run("remember", lambda tx: tx.run_each("insert_nonce", nonces)) == 3
    assert store.run("remember", lambda tx: tx.run_each("insert_nonce", [])) == 0


def test_several_statements_for_many_rows_each_tell_what_each_changed_and_see_those_before(
    store: Store,
) -> None:
    nonces = [
        {"keyid": "k", "nonce": nonce, "expires": number} for number, nonce in enumerate(("a", "b", "a"))
    ]
    notes: list[dict[str, Value]] = [{"key": "a", "value": b"1"}, {"key": "a", "value": b"2"}]
    jobs = (
        ("insert_nonce", nonces),
        ("set_meta", notes),
        ("insert_nonce", []),
        ("purge_nonces", [{"now": 0}]),
    )
    changed = store.run("several", lambda tx: tx.run_all(*jobs))
    assert changed == [2, 2, 0, 1]
    assert kept(store, "a") == b"2"
    assert store.run("nothing", lambda tx: tx.run_all(("set_meta", []))) == [0]


def test_one_of_several_statements_that_fails_undoes_those_before_it(store: Store) -> None:
    good: dict[str, Value] = {"key": "a", "value": b""}
    bad: dict[str, Value] = {"key": "b", "value": None}
    with pytest.raises(StorageError, match="set_meta, purge_nonces"), store.transaction("wrong") as tx:
        tx.run_all(("set_meta", [good, bad]), ("purge_nonces", [{"now": 1}]))
    assert kept(store, "a") is None


def test_rows_must_have_the_fields_of_the_struct_in_order(store: Store) -> None:
    class Swapped(msgspec.Struct, frozen=True):
        number: int
        name: str
        key: bytes
        size: int
        root: bytes
        frontier: bytes
        added: int

    with store.transaction("make") as tx:
        stream_named(tx, "all")
    with pytest.raises(StorageError, match="not the fields of Swapped"), store.reading("look") as tx:
        tx.all("stream_heads", {}, into=Swapped)


def test_several_rows_are_not_one(store: Store) -> None:
    with store.transaction("make") as tx:
        stream_named(tx, "all")
        stream_named(tx, "members")
    with pytest.raises(StorageError, match="2 rows"), store.reading("look") as tx:
        tx.one("stream_heads", {}, into=Head)


@pytest.mark.parametrize("value", [b"", b"\0\xff", bytes(range(256)) * 400])
def test_bytes_come_back_as_bytes(store: Store, value: bytes) -> None:
    store.run("keep", lambda tx: keep(tx, "a", value))
    assert kept(store, "a") == value


@pytest.mark.parametrize("text", ["", "é", "e\u0301", "💥", "%s :name ' \" \\", Colour.RED])
def test_text_comes_back_as_it_was(store: Store, text: str) -> None:
    class Code(msgspec.Struct, frozen=True):
        name: str
        role: str
        jurisdiction: str
        expires: int
        spent_by: str | None

    def invite(tx: Transaction) -> list[Code]:
        code: dict[str, Value] = {
            "code_hash": ZERO,
            "name": text,
            "role": "bank",
            "jurisdiction": "GB",
            "namesake": 0,
        }
        tx.run("insert_invitation", {**code, "expires": 2**63 - 1})
        return tx.all("invitations", {}, into=Code)

    assert store.run("invite", invite) == [Code(str(text), "bank", "GB", 2**63 - 1, None)]


def test_text_is_ordered_by_its_bytes_not_by_a_language(store: Store) -> None:
    names = ["b", "a-b", "aB", "ab", "a", "É", "z", "B", "é"]

    class Band(msgspec.Struct, frozen=True):
        id: str
        modified: int
        contents: int

    def post(tx: Transaction) -> list[str]:
        for name in names:
            for content in (b"1" * 32, b"2" * 32):
                seq = append(tx, "all")
                version: dict[str, Value] = {"owner": "o", "id": name, "modified": 1, "digest": content}
                tx.run("insert_object", {**version, "stream": 0, "seq": seq, "chain": "c"})
        return [row.id for row in tx.all("conflicts_of_owner", {"owner": "o"}, into=Band)]

    assert store.run("post", post) == sorted(names, key=str.encode)


def test_an_error_never_quotes_the_values_of_a_row(store: Store) -> None:
    secret = "a-name-that-nobody-may-log"
    code: dict[str, Value] = {
        "code_hash": ZERO,
        "name": secret,
        "role": secret,
        "jurisdiction": secret,
        "namesake": 0,
    }
    with pytest.raises(StorageError) as caught:
        store.run("invite", lambda tx: tx.run("insert_invitation", {**code, "expires": None}))
    assert "In 'invite', insert_invitation:" in str(caught.value)
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_reader_sees_one_moment(shared: Place) -> None:
    writer, reader = shared.open(), shared.open()
    writer.run("append", lambda tx: append(tx, "all"))
    with reader.reading("walk") as tx:
        before = tx.all("stream_heads", {}, into=Head)
        writer.run("append", lambda tx: append(tx, "all"))
        assert tx.all("stream_heads", {}, into=Head) == before
    assert len(page(reader)) == 2
