# SPDX-License-Identifier: Apache-2.0
"""What waits for a proof is counted as it comes and goes, and never grows past its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Malformed
from tocsin.follow import waiting
from tocsin.follow.waiting import Waiting
from tocsin.wire.messages import Entry

STREAMS = ("all", "members")


def entry(stream: str, seq: int) -> Entry:
    blank = bytes(32)
    return Entry(
        stream=stream, seq=seq, header=b"", salt_h=blank, origin_c=blank, body_c=blank, body=None, salt_b=None
    )


def test_entries_wait_by_stream_and_place() -> None:
    held = Waiting()
    for stream, seq in (("all", 0), ("members", 0), ("members", 1)):
        held.add(entry(stream, seq), 10)
    assert held.of("members").keys() == {0, 1}
    held.let_go("members", 1)
    assert (held.of("members").keys(), held.of("all").keys()) == ({1}, {0})
    held.let_go("members", 2)
    held.let_go("directory", 9)
    assert (dict(held.of("members")), dict(held.of("directory"))) == ({}, {})


MOVES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(STREAMS), st.integers(0, 6)), min_size=1, max_size=60
)


@given(MOVES)
def test_a_bound_is_met_by_what_waits_and_not_by_what_came(moves: list[tuple[bool, str, int]]) -> None:
    """Whatever came, went and came twice: the bound is on distinct entries that wait now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "MAX_PENDING", 5)
        held, there = Waiting(), set[tuple[str, int]]()
        for comes, stream, seq in moves:
            if not comes:
                held.let_go(stream, seq)
                there = {(name, at) for name, at in there if name != stream or at >= seq}
                continue
            there.add((stream, seq))
            if len(there) > 5:
                with pytest.raises(Malformed, match="More than 5 entries"):
                    held.add(entry(stream, seq), 1)
                return
            held.add(entry(stream, seq), 1)
            assert seq in held.of(stream)


def test_bytes_are_bounded_until_nothing_of_the_stream_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_PENDING_BYTES", 100)
    held = Waiting()
    held.add(entry("all", 0), 60)
    held.add(entry("members", 0), 30)
    held.let_go("all", 1)
    held.add(entry("members", 1), 60)
    held.let_go("members", 1)
    with pytest.raises(Malformed, match="More than 100 bytes"):
        held.add(entry("members", 2), 11)
