# SPDX-License-Identifier: Apache-2.0
"""What a leaf commits to: our vectors, byte for byte, and the rule that no two different entries share a leaf."""

import hashlib
import hmac
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadProof, Malformed
from tocsin.proof.leaf import (
    LeafParts,
    check_body,
    commit_body,
    commit_header,
    commit_origin,
    leaf_input,
    leaf_of,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "leaf.json").read_text())
GOOD = VECTORS["good"]
BAD = VECTORS["bad"]

hashes = st.binary(min_size=32, max_size=32)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
parts = st.builds(LeafParts, names, names, names, hashes, hashes, hashes)


def raw(case, field):
    return bytes.fromhex(case[field])


def parts_of(case):
    """A vector's leaf, computed from what a reader of an entry that is not erased holds."""
    return LeafParts(
        hub=case["hub"],
        realm=case["realm"],
        stream=case["stream"],
        origin=commit_origin(raw(case, "salt_o"), raw(case, "origin")),
        header=commit_header(raw(case, "salt_h"), raw(case, "header")),
        body=commit_body(raw(case, "salt_b"), raw(case, "body")),
    )


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_vectors_give_their_leaf(case):
    found = parts_of(case)
    assert [found.origin.hex(), found.header.hex(), found.body.hex()] == case["commitments"]
    assert leaf_input(found).hex() == case["leaf_input"]
    assert leaf_of(found).hex() == case["leaf"]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_vectors_agree_with_the_formula_written_out(case):
    def length(data):
        return len(data).to_bytes(8, "big")

    def commitment(salt, label, data):
        return hmac.new(salt, label + length(data) + data, hashlib.sha256).digest()

    fields = [
        case["hub"].encode(),
        case["realm"].encode(),
        case["stream"].encode(),
        commitment(raw(case, "salt_o"), b"tocsin/origin/v1", raw(case, "origin")),
        commitment(raw(case, "salt_h"), b"tocsin/head/v1", raw(case, "header")),
        commitment(raw(case, "salt_b"), b"tocsin/body/v1", raw(case, "body")),
    ]
    data = b"\x01" + b"".join(length(field) + field for field in fields)
    assert hashlib.sha256(b"\x00" + data).hexdigest() == case["leaf"]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_an_erased_entry_is_verified_from_its_body_commitment_alone(case):
    kept = {name: case[name] for name in case if name not in ("salt_b", "body", "salt_o", "origin")}
    erased = LeafParts(
        hub=kept["hub"],
        realm=kept["realm"],
        stream=kept["stream"],
        origin=bytes.fromhex(kept["commitments"][0]),
        header=commit_header(raw(kept, "salt_h"), raw(kept, "header")),
        body=bytes.fromhex(kept["commitments"][2]),
    )
    assert leaf_of(erased).hex() == case["leaf"]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["name"])
def test_a_changed_vector_gives_another_leaf_or_is_malformed(case):
    changed = GOOD[0] | case["change"]
    if case["refused"]:
        with pytest.raises(Malformed):
            leaf_of(parts_of(changed))
    else:
        assert leaf_of(parts_of(changed)).hex() != GOOD[0]["leaf"]


@given(parts, parts)
def test_different_entries_have_different_leaves(one, other):
    assert (leaf_of(one) == leaf_of(other)) == (one == other)


@given(parts, st.sampled_from(["hub", "realm", "stream"]))
def test_a_letter_that_moves_between_names_changes_the_leaf(entry, field):
    neighbour = {"hub": "realm", "realm": "stream", "stream": "hub"}[field]
    moved = getattr(entry, field) + getattr(entry, neighbour)[:1]
    rest = getattr(entry, neighbour)[1:] or "x"
    changed = msgspec.structs.replace(entry, **{field: moved, neighbour: rest})
    assert leaf_of(changed) != leaf_of(entry)


@given(hashes, st.binary(max_size=100))
def test_the_same_bytes_under_the_three_labels_are_three_commitments(salt, data):
    assert len({commit_origin(salt, data), commit_header(salt, data), commit_body(salt, data)}) == 3


@pytest.mark.parametrize("salt", [b"", b"\0" * 31, b"\0" * 33])
@pytest.mark.parametrize("commit", [commit_origin, commit_header, commit_body])
def test_a_salt_of_another_length_is_refused(commit, salt):
    with pytest.raises(Malformed, match="A salt has 32 bytes"):
        commit(salt, b"")


@pytest.mark.parametrize("name", ["", "x" * 201, "\ud800"])
def test_a_name_that_is_empty_too_long_or_not_text_is_refused(name):
    good = LeafParts("hub", "live", "members", b"\0" * 32, b"\0" * 32, b"\0" * 32)
    for field in ("hub", "realm", "stream"):
        with pytest.raises(Malformed):
            leaf_of(msgspec.structs.replace(good, **{field: name}))


@pytest.mark.parametrize("field", ["origin", "header", "body"])
def test_a_commitment_of_another_length_is_refused(field):
    good = LeafParts("hub", "live", "members", b"\0" * 32, b"\0" * 32, b"\0" * 32)
    with pytest.raises(Malformed, match="A commitment has 32 bytes"):
        leaf_input(msgspec.structs.replace(good, **{field: b"\0" * 31}))


def test_a_body_is_checked_against_its_commitment():
    salt = bytes(range(32))
    check_body(commit_body(salt, b"a body"), salt, b"a body")
    with pytest.raises(BadProof):
        check_body(commit_body(salt, b"a body"), salt, b"another")
    with pytest.raises(BadProof):
        check_body(b"", salt, b"a body")
