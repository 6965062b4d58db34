# SPDX-License-Identifier: Apache-2.0
"""From a stream's head to the signed note: every step holds, and every single change breaks it."""

import hashlib
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadProof, Malformed, Unknown
from tocsin.proof.headmap import (
    HeadMap,
    HeadProof,
    StreamHead,
    check_head_proof,
    head_key,
    log_leaf,
    map_root,
)
from tocsin.proof.merkle import EMPTY, EMPTY_ROOT, leaf_hash, root_of
from tocsin.proof.note import Checkpoint

ORIGIN = "hub.example/heads/live"
SALT = bytes(range(32))


def salt_of(number):
    return hashlib.sha256(b"salt" + str(number).encode()).digest()


def head_of(number, size=3):
    root = root_of([leaf_hash(f"{number}/{at}".encode()) for at in range(size)])
    return StreamHead(head_key(salt_of(number), f"stream-{number}"), size, root)


def published(streams, earlier):
    """A log with `earlier` heads before one over that many streams: the map, the log before, and the checkpoint."""
    before = EMPTY.extend(leaf_hash(str(number).encode()) for number in range(earlier))
    heads = HeadMap(head_of(number) for number in range(streams))
    after = before.append(heads.log_leaf())
    return heads, before, Checkpoint(ORIGIN, after.size, after.root())


def facts_of(number, checkpoint):
    head = head_of(number)
    return {
        "stream": f"stream-{number}",
        "key": head.key,
        "size": head.size,
        "root": head.root,
        "checkpoint": checkpoint,
    }


# --- the encodings, written out ----------------------------------------------------------------------------------


def length(data):
    return len(data).to_bytes(8, "big") + data


def test_the_key_is_the_documented_one():
    expected = hmac.new(SALT, b"tocsin/stream/v1" + length(b"members"), hashlib.sha256).digest()
    assert head_key(SALT, "members") == expected


def test_the_leaves_are_the_documented_ones():
    head = StreamHead(b"k" * 32, 258, b"r" * 32)
    data = (
        length(b"tocsin/map/v1")
        + length(b"k" * 32)
        + length(bytes([0, 0, 0, 0, 0, 0, 1, 2]))
        + length(b"r" * 32)
    )
    assert head.leaf() == hashlib.sha256(b"\0" + data).digest()
    data = length(b"tocsin/log/v1") + length(bytes([0, 0, 0, 0, 0, 0, 0, 7])) + length(b"m" * 32)
    assert log_leaf(7, b"m" * 32) == hashlib.sha256(b"\0" + data).digest()


def test_the_encodings_do_not_move_between_versions():
    """Our own vector: three streams, two heads before."""
    heads, before, checkpoint = published(3, 2)
    assert heads.root().hex() == "4d0f48f9bf3aa013ce9ff36bc3123e93c10c02381c7a24a0000413c2a936aeee"
    assert before.append(heads.log_leaf()).root() == checkpoint.root
    assert checkpoint.root.hex() == "464f2469b5345eca151fcf1f45964e08211ded6aba018b05ca6217e267ec1e26"


# --- the map ------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 50), unique=True, max_size=20), st.randoms())
def test_the_root_does_not_depend_on_the_order_given(numbers, random):
    shuffled = list(numbers)
    random.shuffle(shuffled)
    assert map_root(map(head_of, numbers)) == map_root(map(head_of, shuffled))


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=12),
    st.dictionaries(st.integers(0, 40), st.integers(0, 9)),
)
def test_a_changed_map_is_the_map_of_the_changed_heads(numbers, sizes):
    heads = HeadMap(map(head_of, numbers))
    root = heads.root()
    changed = heads.changed(head_of(number, size) for number, size in sizes.items())
    fresh = HeadMap(head_of(number, sizes.get(number, 3)) for number in {*numbers, *sizes})
    assert (list(changed), changed.root(), changed.log_leaf()) == (
        list(fresh),
        fresh.root(),
        fresh.log_leaf(),
    )
    assert all(changed.prove(head.key, EMPTY) == fresh.prove(head.key, EMPTY) for head in fresh)
    assert (len(heads), heads.root()) == (len(numbers), root), "the map it was changed from stands"


@given(st.lists(st.integers(0, 50), unique=True, min_size=1, max_size=20))
def test_leaves_stand_by_their_hash_so_that_a_neighbour_has_no_name(numbers):
    """A key that readers can compute tells nothing of where a stream stands without its size and root."""
    assert map_root(map(head_of, numbers)) == root_of(sorted(head_of(number).leaf() for number in numbers))


def test_an_empty_map_has_the_empty_root():
    assert (len(HeadMap()), HeadMap().root()) == (0, EMPTY_ROOT)


def test_a_stream_has_one_head():
    with pytest.raises(Malformed, match="one head, not two"):
        HeadMap([head_of(1, 3), head_of(1, 4)])
    with pytest.raises(Malformed, match="one head, not two"):
        HeadMap([head_of(1)]).changed([head_of(1, 4), head_of(1, 5)])


def test_heads_are_found_by_key():
    heads = HeadMap([head_of(1), head_of(2)])
    assert heads.get(head_of(2).key) == head_of(2)
    assert heads.get(head_of(3).key) is None
    with pytest.raises(Unknown):
        heads.prove(head_of(3).key, EMPTY)


@pytest.mark.parametrize(
    ("key", "size", "root"),
    [
        (b"", 1, bytes(32)),
        (bytes(33), 1, bytes(32)),
        (bytes(32), 1, bytes(31)),
        (bytes(32), -1, bytes(32)),
        (bytes(32), 2**31, bytes(32)),
    ],
)
def test_what_cannot_be_a_head_is_malformed(key, size, root):
    with pytest.raises(Malformed):
        StreamHead(key, size, root)


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33)])
def test_a_secret_of_another_length_is_refused(salt):
    with pytest.raises(Malformed):
        head_key(salt, "members")


# --- the proof ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("earlier", [0, 1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("streams", [1, 2, 3, 8, 13])
def test_every_stream_finds_its_way_to_the_note(streams, earlier):
    heads, before, checkpoint = published(streams, earlier)
    for number in range(streams):
        proof = heads.prove(head_of(number).key, before)
        check_head_proof(proof, **facts_of(number, checkpoint))


HEADS, BEFORE, CHECKPOINT = published(11, 6)
CHOSEN = next(number for number in range(11) if HEADS.prove(head_of(number).key, BEFORE).map_index == 4)
OTHER = (CHOSEN + 1) % 11
PROOF = HEADS.prove(head_of(CHOSEN).key, BEFORE)
FACTS = facts_of(CHOSEN, CHECKPOINT)


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"key": head_of(OTHER).key}, "Step 4"),
        ({"key": b"short"}, "Step 1"),
        ({"size": 4}, "Step 4"),
        ({"size": -1}, "Step 1"),
        ({"root": head_of(OTHER).root}, "Step 4"),
        ({"root": b""}, "Step 1"),
        ({"checkpoint": Checkpoint(ORIGIN, 8, CHECKPOINT.root)}, "Step 3"),
        ({"checkpoint": Checkpoint(ORIGIN, 6, CHECKPOINT.root)}, "Step 3"),
        ({"checkpoint": Checkpoint(ORIGIN, 7, bytes(32))}, "Step 4"),
    ],
    ids=str,
)
def test_another_head_or_note_is_refused_at_its_step(change, step):
    with pytest.raises(BadProof, match=step):
        check_head_proof(PROOF, **(FACTS | change))


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"map_index": PROOF.map_index ^ 1}, "Step 4"),
        ({"map_index": 11}, "Step 2"),
        ({"map_index": -1}, "Step 2"),
        ({"map_size": 12}, "Step 4"),
        ({"map_size": 2**40}, "Step 2"),
        ({"map_path": ()}, "Step 2"),
        ({"map_path": PROOF.map_path[::-1]}, "Step 4"),
        ({"map_path": (*PROOF.map_path, bytes(32))}, "Step 2"),
        ({"map_path": (b"short", *PROOF.map_path[1:])}, "Step 2"),
        ({"log_index": 5}, "Step 3"),
        ({"log_path": ()}, "Step 4"),
        ({"log_path": PROOF.log_path[::-1]}, "Step 4"),
        ({"log_path": (*PROOF.log_path, bytes(32))}, "Step 4"),
    ],
    ids=str,
)
def test_a_changed_proof_is_refused_at_its_step(change, step):
    with pytest.raises(BadProof, match=step):
        check_head_proof(msgspec.structs.replace(PROOF, **change), **FACTS)


def test_a_proof_over_a_later_head_of_the_log_is_refused():
    """An old head of a stream is in the log for ever, but a note speaks only for the newest map."""
    later = BEFORE.append(HEADS.log_leaf()).append(leaf_hash(b"later"))
    old_but_included = msgspec.structs.replace(PROOF, log_path=(leaf_hash(b"later"), *PROOF.log_path))
    with pytest.raises(BadProof, match="Step 3"):
        check_head_proof(
            old_but_included, **(FACTS | {"checkpoint": Checkpoint(ORIGIN, later.size, later.root())})
        )


@given(
    st.builds(
        HeadProof,
        st.integers(-5, 2**33),
        st.integers(-5, 2**33),
        st.lists(st.binary(max_size=33), max_size=40).map(tuple),
        st.integers(-5, 2**33),
        st.lists(st.binary(max_size=33), max_size=40).map(tuple),
    )
)
def test_garbage_is_a_bad_proof(proof):
    with pytest.raises(BadProof):
        check_head_proof(proof, **FACTS)
