# SPDX-License-Identifier: Apache-2.0
"""What the hub's queries promise in their one sentence each."""

from collections.abc import Mapping

import msgspec
import pytest
from tests.store.moves import ZERO, Head, advance, append, page, stream_named

from tocsin.errors import StorageError
from tocsin.hub.streams import StreamHead
from tocsin.hub.verbs.edges import EdgeRow
from tocsin.storage.store import Row, Store, Transaction, Value

Asked = Mapping[str, Value]


class Leaf(msgspec.Struct, frozen=True):
    leaf: bytes


class Said(msgspec.Struct, frozen=True):
    stream: int
    seq: int
    kind: str
    added: int
    owner: str | None


class Redeemed(msgspec.Struct, frozen=True):
    name: str
    role: str
    jurisdiction: str
    namesake: int


class Admitted(msgspec.Struct, frozen=True):
    id: str
    name: str


class Receipt(msgspec.Struct, frozen=True):
    receipt: bytes


class Version(msgspec.Struct, frozen=True):
    stream: int
    seq: int
    modified: int
    digest: bytes | None
    chain: str


class Conflict(msgspec.Struct, frozen=True):
    id: str
    modified: int
    contents: int


class Sources(msgspec.Struct, frozen=True):
    sources: int
    attended: int
    band: str | None
    fact: str | None


class Party(msgspec.Struct, frozen=True):
    id: str
    name: str
    role: str
    jurisdiction: str
    standing: str
    signing_key: bytes
    sealing_key: bytes
    recovery_key: bytes
    agreement: str
    joined: int


class Log(msgspec.Struct, frozen=True):
    size: int
    leaf: bytes
    frontier: bytes
    note: str
    cosigned: str | None
    added: int


class Declared(msgspec.Struct, frozen=True):
    seq: int
    value: str
    body: bytes


class Noted(msgspec.Struct, frozen=True):
    number: int
    name: str
    key: bytes
    noted_size: int
    noted_root: bytes


def run(store: Store, query: str, **params: Value) -> int:
    return store.run("test", lambda tx: tx.run(query, params))


def every(store: Store, query: str, into: type[Row], **params: Value) -> list[Row]:
    return store.run("test", lambda tx: tx.all(query, params, into=into))


def append_some(store: Store, count: int, stream: str = "all") -> None:
    store.run("test", lambda tx: [append(tx, stream, fact=f"fct_{number}") for number in range(count)])


def test_a_page_starts_after_a_position_and_is_bounded(store: Store) -> None:
    append_some(store, 7)
    assert [row.seq for row in page(store, after=-1, limit=3)] == [0, 1, 2]
    assert [row.seq for row in page(store, after=2, limit=3)] == [3, 4, 5]
    assert [row.seq for row in page(store, after=5, limit=3)] == [6]
    assert page(store, after=6, limit=3) == []
    assert page(store, number=9) == []


def test_leaves_are_those_of_the_entries_in_order(store: Store) -> None:
    append_some(store, 5)
    leaves = every(store, "leaves_of_stream", Leaf, stream=0, after=0, limit=3)
    assert [row.leaf for row in leaves] == [row.leaf for row in page(store)][1:4]


def test_a_head_that_moved_is_not_advanced(store: Store) -> None:
    append_some(store, 1)

    def advance_from_the_past(tx: Transaction) -> None:
        head = stream_named(tx, "all")
        advance(tx, msgspec.structs.replace(head, size=0), ZERO)

    with pytest.raises(StorageError, match="moved"):
        store.run("test", advance_from_the_past)


def test_the_same_seq_is_not_given_twice(store: Store) -> None:
    append_some(store, 1)

    def append_again(tx: Transaction) -> None:
        tx.run("insert_body", {"stream": 0, "seq": 0, "salt_b": ZERO, "body": b""})

    with pytest.raises(StorageError):
        store.run("test", append_again)


def test_a_body_without_its_entry_is_refused(store: Store) -> None:
    with pytest.raises(StorageError):
        run(store, "insert_body", stream=0, seq=0, salt_b=ZERO, body=b"")


def test_a_salt_of_another_length_is_refused(store: Store) -> None:
    append_some(store, 1)
    with pytest.raises(StorageError):
        run(store, "insert_origin", stream=0, seq=0, salt_o=b"short", origin=b"", owner=None, fact="f")


def test_streams_are_numbered_from_zero_without_gaps(store: Store) -> None:
    for name in ("directory", "all", "all", "members"):
        store.run("test", lambda tx, name=name: stream_named(tx, name))
    heads = every(store, "stream_heads", Head)
    assert [(head.number, head.name) for head in heads] == [(0, "directory"), (1, "all"), (2, "members")]
    assert every(store, "stream_head", Head, name="all") == [heads[1]]
    assert every(store, "lock_stream", Head, name="role:agency") == []


def test_the_head_log_s_view_of_a_stream_lags_until_it_is_noted(store: Store) -> None:
    append_some(store, 2)
    assert every(store, "noted_heads", Noted) == [Noted(0, "all", ZERO, 0, ZERO)]
    assert run(store, "note_stream", number=0, size=2, root=b"r" * 32) == 1
    assert every(store, "noted_heads", Noted) == [Noted(0, "all", ZERO, 2, b"r" * 32)]
    assert run(store, "note_stream", number=0, size=3, root=ZERO) == 0


class Unwitnessed(msgspec.Struct, frozen=True):
    number: int
    name: str
    key: bytes
    noted_size: int
    witnessed_size: int
    witnessed_frontier: bytes


def test_a_stream_is_unwitnessed_while_the_partner_lags_behind_the_head_log(store: Store) -> None:
    append_some(store, 3)
    assert every(store, "unwitnessed_streams", Unwitnessed) == []
    run(store, "note_stream", number=0, size=3, root=ZERO)
    assert every(store, "unwitnessed_streams", Unwitnessed) == [Unwitnessed(0, "all", ZERO, 3, 0, b"")]
    run(store, "witness_stream", number=0, size=3, frontier=b"f")
    assert every(store, "unwitnessed_streams", Unwitnessed) == []


def test_a_fact_is_found_in_every_stream_with_its_owner(store: Store) -> None:
    store.run("test", lambda tx: append(tx, "all", fact="f", owner="prt_1"))
    store.run("test", lambda tx: append(tx, "all", fact="g", owner="prt_2"))
    store.run("test", lambda tx: append(tx, "members", fact="f"))
    said = every(store, "entries_of_fact", Said, fact="f")
    assert said == [Said(0, 0, "object", 1, "prt_1"), Said(1, 0, "object", 1, None)]


def invite(store: Store, code: bytes = ZERO) -> None:
    run(
        store,
        "insert_invitation",
        code_hash=code,
        name="A Bank",
        role="bank",
        jurisdiction="GB",
        namesake=0,
        expires=100,
    )


@pytest.mark.parametrize(("code", "now"), [(ZERO, 100), (ZERO, 2**40), (b"1" * 32, 1)])
def test_a_code_that_is_expired_or_was_never_made_is_not_spent(store: Store, code: bytes, now: int) -> None:
    invite(store)
    assert every(store, "spend_invitation", Redeemed, code_hash=code, party="prt_1", now=now) == []


def test_a_code_is_spent_by_the_first_who_has_it(store: Store) -> None:
    invite(store)
    redeem = {"code_hash": ZERO, "now": 99}
    first = every(store, "spend_invitation", Redeemed, party="prt_1", **redeem)
    second = every(store, "spend_invitation", Redeemed, party="prt_2", **redeem)
    assert (first, second) == ([Redeemed("A Bank", "bank", "GB", 0)], [])


def let_in(store: Store, name: str = "north", code: bytes = ZERO) -> int:
    return run(store, "insert_edge", id=f"edg_{name}", name=name, code_hash=code, expires=100)


@pytest.mark.parametrize(("code", "now"), [(ZERO, 100), (ZERO, 2**40), (b"1" * 32, 1)])
def test_an_edges_code_that_is_expired_or_was_never_made_is_not_spent(
    store: Store, code: bytes, now: int
) -> None:
    let_in(store)
    assert every(store, "admit_edge", Admitted, code_hash=code, signing_key=ZERO, now=now) == []
    assert every(store, "edge_by_id", EdgeRow, id="edg_north") == []


def test_an_edge_is_admitted_once_has_one_name_and_is_gone_when_it_is_dropped(store: Store) -> None:
    assert (let_in(store), let_in(store), let_in(store, "east", b"1" * 32)) == (1, 0, 1)
    spend = {"code_hash": ZERO, "now": 99}
    first = every(store, "admit_edge", Admitted, signing_key=ZERO, **spend)
    second = every(store, "admit_edge", Admitted, signing_key=b"2" * 32, **spend)
    assert (first, second) == ([Admitted("edg_north", "north")], [])
    north = EdgeRow("edg_north", "north", 100, ZERO)
    assert every(store, "edge_by_id", EdgeRow, id="edg_north") == [north]
    assert every(store, "edges", EdgeRow) == [EdgeRow("edg_east", "east", 100, None), north]
    assert (run(store, "drop_edge", name="north"), run(store, "drop_edge", name="north")) == (1, 0)
    assert run(store, "drop_edges") == 1


def test_an_edge_makes_a_stream_once_under_the_hubs_number(store: Store) -> None:
    row = {"number": 7, "name": "members", "key": ZERO, "root": ZERO, "frontier": b"a"}
    assert (run(store, "put_stream", **row), run(store, "put_stream", **row)) == (1, 0)
    assert every(store, "stream_heads", StreamHead) == [StreamHead(7, "members", ZERO, 0, b"a", ZERO, 0)]


def test_a_nonce_is_new_once_per_key_until_it_is_purged(store: Store) -> None:
    assert run(store, "insert_nonce", keyid="a", nonce="n", expires=10) == 1
    assert run(store, "insert_nonce", keyid="b", nonce="n", expires=20) == 1
    assert run(store, "insert_nonce", keyid="a", nonce="n", expires=30) == 0
    assert run(store, "purge_nonces", now=10) == 1
    assert run(store, "insert_nonce", keyid="a", nonce="n", expires=30) == 1
    assert run(store, "insert_nonce", keyid="b", nonce="n", expires=30) == 0


def test_a_repeated_message_gets_its_first_receipt_and_senders_do_not_meet(store: Store) -> None:
    assert run(store, "insert_message", party="a", id="m", receipt=b"first", added=1) == 1
    assert run(store, "insert_message", party="a", id="m", receipt=b"second", added=2) == 0
    assert run(store, "insert_message", party="b", id="m", receipt=b"other", added=2) == 1
    assert every(store, "receipt_of_message", Receipt, party="a", id="m") == [Receipt(b"first")]
    assert run(store, "purge_messages", before=2) == 1
    assert every(store, "receipt_of_message", Receipt, party="a", id="m") == []


def post(store: Store, owner: str, modified: int, content: bytes) -> None:
    def version(tx: Transaction) -> None:
        seq = append(tx, "all", owner=owner)
        place = {"stream": 0, "seq": seq, "chain": f"chn of {owner}"}
        tx.run(
            "insert_object",
            {**place, "owner": owner, "id": "i", "modified": modified, "digest": content * 32},
        )

    store.run("test", version)


def test_only_the_owner_s_versions_chain(store: Store) -> None:
    post(store, "prt_1", 20, b"b")
    post(store, "prt_2", 15, b"x")
    post(store, "prt_1", 10, b"a")
    found = every(store, "versions_of_object", Version, owner="prt_1", id="i")
    assert [(one.seq, one.modified, one.chain) for one in found] == [
        (2, 10, "chn of prt_1"),
        (0, 20, "chn of prt_1"),
    ]


def test_one_version_with_two_contents_is_a_recorded_conflict_of_its_owner(store: Store) -> None:
    for owner, modified, content in (
        ("prt_1", 1, b"a"),
        ("prt_1", 1, b"b"),
        ("prt_1", 2, b"c"),
        ("prt_2", 1, b"d"),
    ):
        post(store, owner, modified, content)
    assert every(store, "conflicts_of_owner", Conflict, owner="prt_1") == [Conflict("i", 1, 2)]
    assert every(store, "conflicts_of_owner", Conflict, owner="prt_2") == []


def vouch(store: Store, party: str, seq: int) -> int:
    said: dict[str, Value] = {"stream": 0, "value": "domain:evil.example", "party": party, "seq": seq}
    return run(store, "insert_source", **said, attended=int(party == "a"))


def test_sources_are_counted_by_party_and_survive_while_one_entry_says_so(store: Store) -> None:
    append_some(store, 3)
    assert [vouch(store, party, seq) for party, seq in (("a", 0), ("a", 1), ("b", 2), ("a", 0))] == [
        1,
        1,
        1,
        0,
    ]
    asked: dict[str, Value] = {"stream": 0, "value": "domain:evil.example", "since": 0}
    assert every(store, "standing_of_value", Sources, **asked) == [Sources(2, 1, None, None)]
    (newest,) = every(store, "stream_head", StreamHead, name="all")
    aged = every(store, "standing_of_value", Sources, **asked | {"since": newest.added})
    assert aged == [Sources(1, 0, None, None)], "only who said so at that time or later"
    assert every(store, "standing_of_value", Sources, **asked | {"since": newest.added + 1}) == [
        Sources(0, 0, None, None)
    ]
    store.run("test", lambda tx: tx.all("erase_sources", {"fact": "fct_0", "owner": None}, into=Touched))
    assert every(store, "standing_of_value", Sources, **asked) == [Sources(2, 1, None, None)]
    store.run("test", lambda tx: tx.all("erase_sources", {"fact": "fct_1", "owner": None}, into=Touched))
    assert every(store, "standing_of_value", Sources, **asked) == [Sources(1, 0, None, None)]


class Touched(msgspec.Struct, frozen=True):
    stream: int
    value: str


def test_a_band_is_set_only_when_it_changes_and_keeps_its_fact(store: Store) -> None:
    value: dict[str, Value] = {"stream": 0, "value": "v"}
    assert run(store, "set_band", band="2-4", fact="f", **value) == 1
    assert run(store, "set_band", band="2-4", fact="g", **value) == 0
    assert run(store, "set_band", band="5-19", fact="h", **value) == 1
    assert every(store, "standing_of_value", Sources, since=0, **value) == [Sources(0, 0, "5-19", "f")]
    assert run(store, "drop_band", **value) == 1
    assert every(store, "standing_of_value", Sources, since=0, **value) == [Sources(0, 0, None, None)]


def party(number: int, standing: str = "active") -> Party:
    key = bytes([number]) * 32
    return Party(f"prt_{number}", "A Bank", "bank", "GB", standing, key, key, key, "", number)


def test_a_party_changes_but_when_it_joined_does_not(store: Store) -> None:
    for one in (party(2), party(1), msgspec.structs.replace(party(1, "suspended"), joined=99)):
        run(store, "put_party", **msgspec.structs.asdict(one))
    assert every(store, "parties", Party) == [party(1, "suspended"), party(2)]
    assert every(store, "party_by_id", Party, id="prt_1") == [party(1, "suspended")]
    assert every(store, "party_by_id", Party, id="prt_3") == []


def test_two_parties_never_have_one_signing_key(store: Store) -> None:
    run(store, "put_party", **msgspec.structs.asdict(party(1)))
    with pytest.raises(StorageError):
        run(store, "put_party", **msgspec.structs.asdict(msgspec.structs.replace(party(1), id="prt_2")))


def test_a_party_is_found_by_its_recovery_key_and_by_no_other(store: Store) -> None:
    run(store, "put_party", **msgspec.structs.asdict(party(1)))
    assert every(store, "party_by_recovery_key", Party, key=b"\1" * 32) == [party(1)]
    assert every(store, "party_by_recovery_key", Party, key=b"\2" * 32) == []


def test_what_was_declared_last_counts(store: Store) -> None:
    for seq, value in ((1, "first"), (7, "second")):
        run(store, "declare", holder="hub", seq=seq, value=value, body=b"")
    run(store, "declare", holder="partner", seq=9, value="other", body=b"")
    assert [row.value for row in every(store, "declared", Declared, holder="hub")] == ["first", "second"]
    assert every(store, "declared_last", Declared, holder="hub") == [Declared(7, "second", b"")]
    assert every(store, "declared_last", Declared, holder="agreement") == []


def test_another_partner_has_seen_nothing(store: Store) -> None:
    append_some(store, 2)
    run(store, "note_stream", number=0, size=2, root=ZERO)
    run(store, "witness_stream", number=0, size=2, frontier=b"f")
    run(store, "forget_witness", frontier=b"")
    (row,) = every(store, "unwitnessed_streams", Unwitnessed)
    assert (row.noted_size, row.witnessed_size, row.witnessed_frontier) == (2, 0, b"")


def test_the_head_log_grows_by_one_leaf_at_a_time(store: Store) -> None:
    for size in (1, 2, 2, 3):
        leaf = bytes([size]) * 32
        changed = run(store, "append_log", size=size, leaf=leaf, frontier=b"", note=f"n{size}", added=size)
        assert changed == 1 or size == 2
    assert run(store, "cosign_log", size=2, cosigned="n2 and the partner") == 1
    newest = every(store, "newest_log", Log)
    cosigned = every(store, "newest_cosigned_log", Log, above=1)
    assert every(store, "newest_cosigned_log", Log, above=2) == []
    assert newest == [Log(3, b"\3" * 32, b"", "n3", None, 3)]
    assert cosigned == [Log(2, b"\2" * 32, b"", "n2", "n2 and the partner", 2)]
    assert every(store, "log_of_size", Log, size=2) == cosigned
    assert every(store, "log_of_size", Log, size=4) == []
    assert [row.leaf[0] for row in every(store, "leaves_of_log", Leaf, after=1, limit=9)] == [2, 3]
