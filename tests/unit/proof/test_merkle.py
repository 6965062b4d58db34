# SPDX-License-Identifier: Apache-2.0
"""The tree against the Certificate Transparency vectors and against the definitions of RFC 9162, written plainly."""

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadProof, Malformed, ProofError, Rewritten, TooLarge
from tocsin.proof.merkle import (
    EMPTY,
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    consistency_proof,
    consistency_proof_from,
    inclusion_proof,
    inclusion_proof_from,
    leaf_hash,
    node_hash,
    root_from_path,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tocsin.proof.tree import Tree

# The reference vectors of Certificate Transparency (merkle_tree_test of its C++ implementation).
CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_96, _5F, _6B, _BC, _CA, _0E = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
)
CT_INCLUSION = [
    (0, 1, []),
    (0, 8, [_96, _5F, _6B]),
    (5, 8, [_BC, _CA, CT_ROOTS[4]]),
    (2, 3, [CT_ROOTS[2]]),
    (1, 5, [CT_ROOTS[1], _5F, _BC]),
]
CT_CONSISTENCY = [(1, 1, []), (1, 8, [_96, _5F, _6B]), (6, 8, [_0E, _CA, CT_ROOTS[4]]), (2, 5, [_5F, _BC])]

ct_leaves = [leaf_hash(bytes.fromhex(data)) for data in CT_LEAVES]


def leaves_of(size):
    return [leaf_hash(str(number).encode()) for number in range(size)]


# --- the definitions of §2.1, as they stand there ---------------------------------------------------------------


def naive_split(size):
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def naive_root(leaves):
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index, leaves):
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old, leaves, *, whole):
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], whole=False), naive_root(leaves[:k])]


# --- published vectors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(9))
def test_the_published_root_of_every_size(size):
    assert root_of(ct_leaves[:size]).hex() == CT_ROOTS[size]
    assert EMPTY.extend(ct_leaves[:size]).root().hex() == CT_ROOTS[size]
    assert Tree(ct_leaves[:size]).root().hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), CT_INCLUSION)
def test_the_published_inclusion_paths(index, size, path):
    proof = inclusion_proof(ct_leaves[:size], index)
    assert [node.hex() for node in proof] == path
    verify_inclusion(ct_leaves[index], index, size, proof, bytes.fromhex(CT_ROOTS[size]))


@pytest.mark.parametrize(("old", "size", "path"), CT_CONSISTENCY)
def test_the_published_consistency_paths(old, size, path):
    proof = consistency_proof(ct_leaves[:size], old)
    assert [node.hex() for node in proof] == path
    verify_consistency(old, bytes.fromhex(CT_ROOTS[old]), size, bytes.fromhex(CT_ROOTS[size]), proof)


# --- against the definitions, every size up to 40 and some larger --------------------------------------------------


@pytest.mark.parametrize("size", [*range(1, 41), 63, 64, 65, 127, 129])
def test_every_inclusion_path_is_the_defined_one(size):
    leaves = leaves_of(size)
    tree, root = Tree(leaves), naive_root(leaves)
    for index in range(size):
        path = tuple(naive_path(index, leaves))
        assert inclusion_proof(leaves, index) == path == tree.inclusion_proof(index)
        assert inclusion_proof_from(lambda a, b: leaves[a:b], index, size) == path
        verify_inclusion(leaves[index], index, size, path, root)


@pytest.mark.parametrize("size", [*range(1, 41), 63, 64, 65])
def test_every_consistency_path_is_the_defined_one(size):
    leaves = leaves_of(size)
    for old in range(1, size + 1):
        path = tuple(naive_subproof(old, leaves, whole=True))
        assert consistency_proof(leaves, old) == path
        assert consistency_proof_from(lambda a, b: leaves[a:b], old, size) == path
        assert EMPTY.extend(leaves[:old]).consistency_proof(leaves[old:]) == path
        verify_consistency(old, naive_root(leaves[:old]), size, naive_root(leaves), path)


@pytest.mark.parametrize("size", range(40))
def test_the_path_of_the_next_leaf_is_known_before_it_comes(size):
    leaves = leaves_of(size + 1)
    assert EMPTY.extend(leaves[:size]).path_of_next() == inclusion_proof(leaves, size)


def test_proofs_from_a_store_read_only_ranges_of_the_tree():
    leaves, reads = leaves_of(1000), []

    def read(start, stop):
        reads.append((start, stop))
        return leaves[start:stop]

    assert consistency_proof_from(read, 999, 1000) == consistency_proof(leaves, 999)
    assert all(0 <= start < stop <= 1000 for start, stop in reads)
    assert sum(stop - start for start, stop in reads) == 1000


# --- edges --------------------------------------------------------------------------------------------------------


def test_anything_extends_nothing_and_everything_extends_itself():
    root = root_of(leaves_of(5))
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    verify_consistency(0, EMPTY_ROOT, 5, root, ())
    verify_consistency(5, root, 5, root, ())


@pytest.mark.parametrize(
    ("old", "old_root", "new", "new_root", "path"),
    [
        (0, b"\1" * 32, 5, root_of(leaves_of(5)), ()),
        (0, EMPTY_ROOT, 5, root_of(leaves_of(5)), (EMPTY_ROOT,)),
        (5, root_of(leaves_of(5)), 5, root_of(leaves_of(5)), (EMPTY_ROOT,)),
        (4, root_of(leaves_of(4)), 5, root_of(leaves_of(5)), ()),
        (3, root_of(leaves_of(3)), 5, root_of(leaves_of(5)), ()),
        (-1, EMPTY_ROOT, 5, root_of(leaves_of(5)), ()),
        (1, EMPTY_ROOT, MAX_SIZE + 1, EMPTY_ROOT, ()),
        (3, b"short", 5, root_of(leaves_of(5)), consistency_proof(leaves_of(5), 3)),
        (3, root_of(leaves_of(3)), 5, root_of(leaves_of(5)), (b"short",)),
    ],
)
def test_a_proof_without_the_right_shape_proves_nothing(old, old_root, new, new_root, path):
    with pytest.raises(BadProof):
        verify_consistency(old, old_root, new, new_root, path)


def test_a_shorter_tree_is_rewritten():
    with pytest.raises(Rewritten, match="There were 5 entries, and now there are 4"):
        verify_consistency(5, root_of(leaves_of(5)), 4, root_of(leaves_of(4)), ())


def test_another_root_at_the_same_size_is_rewritten():
    with pytest.raises(Rewritten, match="same 5 entries"):
        verify_consistency(5, root_of(leaves_of(5)), 5, root_of(leaves_of(6)), ())


def test_a_changed_early_leaf_is_proven_to_be_rewritten():
    old = leaves_of(6)
    new = [leaf_hash(b"other"), *leaves_of(9)[1:]]
    with pytest.raises(Rewritten, match="first 6 of the 9 entries"):
        verify_consistency(6, root_of(old), 9, root_of(new), consistency_proof(new, 6))


def test_a_changed_early_leaf_behind_a_perfect_tree_is_refused_without_proof_of_who_lied():
    old = leaves_of(8)
    new = [leaf_hash(b"other"), *leaves_of(9)[1:]]
    with pytest.raises(BadProof):
        verify_consistency(8, root_of(old), 9, root_of(new), consistency_proof(new, 8))


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0), (0, MAX_SIZE + 1)])
def test_there_is_no_entry_outside_the_tree(index, size):
    with pytest.raises(BadProof, match="There is no entry"):
        root_from_path(b"\0" * 32, index, size, ())


@pytest.mark.parametrize("size", range(1, 20))
def test_a_path_of_another_length_is_refused(size):
    leaves = leaves_of(size)
    for index in range(size):
        path = inclusion_proof(leaves, index)
        with pytest.raises(BadProof, match="too long"):
            verify_inclusion(leaves[index], index, size, (*path, b"\0" * 32), root_of(leaves))
        if path:
            with pytest.raises(BadProof, match="too short"):
                verify_inclusion(leaves[index], index, size, path[:-1], root_of(leaves))


def test_a_consistency_path_of_another_length_is_told_as_such():
    leaves = leaves_of(13)
    path, old_root, root = consistency_proof(leaves, 6), root_of(leaves[:6]), root_of(leaves)
    with pytest.raises(BadProof, match="too short"):
        verify_consistency(6, old_root, 13, root, path[:-1])
    with pytest.raises(BadProof, match="too long"):
        verify_consistency(6, old_root, 13, root, (*path, root))


def test_a_leaf_is_never_a_node():
    left, right = leaves_of(2)
    assert leaf_hash(left + right) != node_hash(left, right)


# --- frontier ---------------------------------------------------------------------------------------------------


@given(st.integers(0, 300))
def test_a_frontier_comes_back_from_its_bytes(size):
    frontier = EMPTY.extend(leaves_of(size))
    data = frontier.to_bytes()
    assert Frontier.from_bytes(data) == frontier
    assert len(data) == 8 + 32 * size.bit_count()


def test_the_largest_frontier_has_a_thousand_bytes_and_takes_no_more():
    largest = Frontier(MAX_SIZE, tuple(bytes([n]) * 32 for n in range(31)))
    assert len(largest.to_bytes()) == 1000
    assert Frontier.from_bytes(largest.to_bytes()) == largest
    with pytest.raises(TooLarge):
        largest.append(b"\0" * 32)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\0" * 9,
        (1).to_bytes(8, "big"),
        (3).to_bytes(8, "big") + bytes(32),
        (2**31).to_bytes(8, "big") + bytes(32),
    ],
)
def test_what_is_not_a_frontier_is_malformed(data):
    with pytest.raises(Malformed):
        Frontier.from_bytes(data)


# --- rules ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 70), st.data())
def test_any_single_change_to_an_inclusion_proof_is_refused(size, data):
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    path, root = list(inclusion_proof(leaves, index)), root_of(leaves)
    other_hash = data.draw(st.binary(min_size=32, max_size=32))
    what = data.draw(st.sampled_from(["leaf", "index", "path", "swap", "drop", "double", "root"]))
    leaf, place = leaves[index], index
    if what == "leaf":
        leaf = other_hash
    elif what == "index":
        place = data.draw(st.integers(0, size + 3).filter(lambda other: other != index))
    elif what == "root":
        root = other_hash
    elif not path:
        path = [other_hash]
    else:
        at = data.draw(st.integers(0, len(path) - 1))
        if what == "path":
            path[at] = other_hash
        elif what == "drop":
            del path[at]
        elif what == "double" or len(path) == 1:
            path.insert(at, path[at])
        else:
            path[at - 1], path[at] = path[at], path[at - 1]
    with pytest.raises(BadProof):
        verify_inclusion(leaf, place, size, path, root)


@given(st.integers(2, 70), st.data())
def test_any_single_change_to_a_consistency_proof_is_refused(size, data):
    leaves = leaves_of(size)
    old = data.draw(st.integers(1, size - 1))
    path, old_root, new_root = list(consistency_proof(leaves, old)), root_of(leaves[:old]), root_of(leaves)
    other_hash = data.draw(st.binary(min_size=32, max_size=32))
    what = data.draw(st.sampled_from(["old root", "new root", "path", "drop", "double"]))
    at = data.draw(st.integers(0, len(path) - 1))
    if what == "old root":
        old_root = other_hash
    elif what == "new root":
        new_root = other_hash
    elif what == "path":
        path[at] = other_hash
    elif what == "drop":
        del path[at]
    else:
        path.insert(at, path[at])
    with pytest.raises(ProofError):
        verify_consistency(old, old_root, size, new_root, path)


@given(st.integers(2, 60), st.data())
def test_a_history_with_a_changed_dropped_or_swapped_entry_never_extends_the_old_one(size, data):
    old_size = data.draw(st.integers(1, size - 1))
    old = leaves_of(old_size)
    at = data.draw(st.integers(0, old_size - 1))
    forged = leaves_of(size)
    what = data.draw(st.sampled_from(["rewritten", "dropped", "swapped"]))
    if what == "rewritten":
        forged[at] = leaf_hash(b"other")
    elif what == "dropped":
        del forged[at]
        forged.append(leaf_hash(b"filler"))
    else:
        forged[at], forged[at + 1] = forged[at + 1], forged[at]
    with pytest.raises(ProofError):
        verify_consistency(old_size, root_of(old), size, root_of(forged), consistency_proof(forged, old_size))


@given(
    st.integers(-2, 2**33),
    st.binary(max_size=40),
    st.integers(-2, 2**33),
    st.binary(max_size=40),
    st.lists(st.binary(min_size=31, max_size=33), max_size=40),
)
def test_garbage_is_refused_in_our_own_words(one, one_root, other, other_root, path):
    for check in (
        lambda: verify_consistency(one, one_root, other, other_root, path),
        lambda: verify_inclusion(one_root, one, other, path, other_root),
    ):
        with suppress(ProofError):
            check()
