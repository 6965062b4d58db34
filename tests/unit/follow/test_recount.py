# SPDX-License-Identifier: Apache-2.0
"""A stream that is recomputed from what was kept is what was signed, or says where it is not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadProof
from tocsin.follow.recount import Kept, demand_history
from tocsin.proof.leaf import LeafParts, commit_body, commit_header, leaf_of
from tocsin.proof.merkle import root_of

SALT = b"s" * 32


def kept(number: int) -> Kept:
    body = b"body %d" % number
    return Kept(b"header %d" % number, SALT, bytes(32), commit_body(SALT, body), SALT, body)


def root(entries: list[Kept]) -> bytes:
    return root_of(
        [
            leaf_of(
                LeafParts("hub_1", "live", "all", one.origin_c, commit_header(SALT, one.header), one.body_c)
            )
            for one in entries
        ]
    )


def demand(entries: list[Kept], roots: dict[int, bytes]) -> None:
    demand_history("hub_1", "live", "all", entries, roots)


@given(st.integers(1, 40), st.data())
def test_what_was_kept_is_what_was_signed(size: int, data: st.DataObject) -> None:
    entries = [kept(number) for number in range(size)]
    earlier = data.draw(st.integers(1, size))
    roots = {size: root(entries), earlier: root(entries[:earlier])}
    demand(entries, roots)
    at = data.draw(st.integers(0, size - 1))
    erased = msgspec.structs.replace(entries[at], body=None, salt_b=None)
    demand([*entries[:at], erased, *entries[at + 1 :]], roots)
    for change in ({"header": b"other"}, {"body": b"other"}, {"origin_c": b"o" * 32}):
        wrong = msgspec.structs.replace(entries[at], **change)
        with pytest.raises(BadProof):
            demand([*entries[:at], wrong, *entries[at + 1 :]], roots)


def test_an_end_that_is_missing_is_named() -> None:
    entries = [kept(number) for number in range(5)]
    with pytest.raises(BadProof, match="should have 5 entries, and has 3"):
        demand(entries[:3], {5: root(entries)})
    demand([], {})
    demand(entries, {3: root(entries[:3])})  # what came since the last head is for the next
