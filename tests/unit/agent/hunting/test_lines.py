# SPDX-License-Identifier: Apache-2.0
"""A hunt through text finds each hit once, whatever the log is, and a bad line or a bad file costs nothing else."""

import gzip
import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.hunting import lines as module
from tocsin.agent.hunting.found import Found, Hunted
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.lines import hunt_lines, inflated
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Unreadable

EVIL, BAD = normalise(Kind.DOMAIN, "evil.example"), normalise(Kind.IPV4, "192.0.2.7")
LINE = b'{"ts":%d,"id.orig_h":"10.0.0.%d","id.resp_h":"192.0.2.7","query":"www.evil.example","host":"evil.example"}\n'


def hunted(data: bytes | Iterable[bytes], *known: Observable) -> Hunted:
    index = Index(known or (EVIL, BAD))
    pieces = (data,) if isinstance(data, bytes) else data
    return hunt_lines(pieces, Sieve(index), Tally(index), lambda behind: None)


def of(result: Hunted, value: Observable) -> Found:
    (found,) = [one for one in result.found if one.observable == value]
    return found


def test_a_line_counts_once_for_a_value_and_says_when_and_who() -> None:
    result = hunted(LINE % (100, 1) + b'{"ts":150}\n' + LINE % (200, 2) + LINE % (300, 1))
    evil = of(result, EVIL)
    assert (evil.lines, evil.first, evil.last, evil.exact) == (3, 100_000_000, 300_000_000, True)
    assert (evil.machines, evil.forms) == (("10.0.0.1", "10.0.0.2"), ("www.evil.example",))
    assert (result.lines, result.odd, of(result, BAD).lines) == (4, 0, 3)


def test_lines_that_are_no_records_are_counted_and_searched_all_the_same() -> None:
    result = hunted(LINE % (1, 1) + b'{"query":"evil.example"\n' + b"evil.example {}\n\n" + LINE % (2, 1))
    assert (of(result, EVIL).lines, result.odd, result.lines) == (4, 3, 5)


def test_a_line_without_an_end_is_cut_and_what_follows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 1_000)
    monkeypatch.setattr(module, "MAX_LINE", 500)
    data = b"x" * 10_000 + b" y\nto evil.example\n"
    result = hunted(data[place : place + 100] for place in range(0, len(data), 100))
    assert of(result, EVIL).lines == 1
    assert result.odd >= 1


def test_headers_of_zeek_count_from_where_they_stand() -> None:
    head = b"#separator \\x09\n#fields\tts\tid.orig_h\tid.resp_h\n"
    other = b"#separator \\x09\n#fields\tid.resp_h\tts\tid.orig_h\n"
    result = hunted(head + b"1\t10.0.0.1\t192.0.2.7\n" + other + b"192.0.2.7\t2\t10.0.0.2\n#close\t2026\n")
    assert of(result, BAD).machines == ("10.0.0.1", "10.0.0.2")
    assert (of(result, BAD).first, of(result, BAD).last) == (1_000_000, 2_000_000)


@given(cuts=st.lists(st.integers(1, 300), max_size=40), count=st.integers(1, 8))
def test_how_a_log_is_cut_into_pieces_changes_nothing(cuts: list[int], count: int) -> None:
    data = b"".join(LINE % (number, number) + b"nothing here\n" for number in range(1, count + 1))
    pieces, rest = [], data
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 256)
        assert hunted([*pieces, rest]) == hunted(data)


def test_a_compressed_log_of_several_members_is_read_whole() -> None:
    data = gzip.compress(LINE % (1, 1)) + gzip.compress(LINE % (2, 2)) + bytes(512)
    result = hunted(inflated([data[:50], data[50:]], len(data)))
    assert (of(result, EVIL).lines, result.problem) == (2, "")


def test_one_that_ends_early_is_read_as_far_as_it_goes() -> None:
    data = gzip.compress(b"".join(LINE % (number, 1) for number in range(5_000)), mtime=0)
    result = hunted(inflated([data[: len(data) // 2]], len(data)))
    assert 0 < of(result, EVIL).lines < 5_000
    assert "it ends early" in result.problem


def test_a_bomb_is_put_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_INFLATED", 2**20)
    bomb = gzip.compress(LINE % (1, 1) + b" " * 2**23)
    result = hunted(inflated([bomb], len(bomb)))
    assert of(result, EVIL).lines == 1
    assert "more than" in result.problem


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(Unreadable):
        hunted(b"MZ\0\0evil.example\n")


@given(st.binary(max_size=400))
def test_no_bytes_end_the_hunt(data: bytes) -> None:
    try:
        result = hunted(data + b"\nto evil.example\n")
    except Unreadable:
        return
    assert of(result, EVIL).lines >= 1


@given(st.binary(max_size=400))
def test_no_compressed_bytes_end_the_hunt(data: bytes) -> None:
    whole = gzip.compress(b"to evil.example\n", mtime=0)
    result = hunted(inflated([whole + data], len(data)))
    assert of(result, EVIL).lines == 1


def test_names_of_machines_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.agent.hunting.tally.MAX_MACHINES", 3)
    lines = [{"src_ip": f"10.0.0.{number}", "dest_ip": "192.0.2.7"} for number in range(9)]
    result = hunted("\n".join(map(json.dumps, lines)).encode())
    assert (of(result, BAD).lines, len(of(result, BAD).machines)) == (9, 3)
