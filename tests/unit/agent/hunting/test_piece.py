# SPDX-License-Identifier: Apache-2.0
"""What numpy finds in a piece of text is what the plain definition finds, sign by sign."""

import re
from contextlib import suppress
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.hunting.piece import Piece

SIGNS = st.text(st.sampled_from("a.1 0:/@%é-_29\\"), max_size=60).map(
    lambda text: text.encode().decode("latin-1")
)
QUADS = st.lists(st.sampled_from(("0", "1", "01", "25", "255", "256", "1000", "a", "")), max_size=5).map(
    ".".join
)
RUN = re.compile(rb"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")


def hosts_of(text: bytes) -> set[int]:
    """Where a label begins that another one follows; places count from 1."""
    return {
        found.start() + label.start() + 1
        for found in RUN.finditer(text)
        for label in re.finditer(rb"[^.]+(?=\.)", found[0])
    }


@given(SIGNS)
def test_every_label_of_a_host_is_found(text: str) -> None:
    data = text.encode("latin-1")
    assert set(Piece(data).hosts()[0].tolist()) == hosts_of(data)


@given(st.lists(QUADS | SIGNS, max_size=6).map(" ".join))
def test_addresses_are_those_that_python_reads(text: str) -> None:
    data = text.encode("latin-1")
    expected = {}
    for found in RUN.finditer(data):
        with suppress(ValueError):
            expected[found.start() + 1] = int(IPv4Address(found[0].decode()))
    places, numbers = Piece(data).addresses()
    assert dict(zip(places.tolist(), numbers.tolist(), strict=True)) == expected


def test_digests_are_found_by_their_length() -> None:
    data = b" ".join(b"a" * length for length in (31, 32, 33, 40, 64, 65, 128, 129))
    places, _ = Piece(data).digests()
    assert [data[place - 1 :].split(b" ")[0] for place in places.tolist()] == [
        b"a" * length for length in (32, 40, 64, 128)
    ]


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("to 2001:db8::7 x", ["2001:db8::7"]),
        ("2001:db8:0:0:0:0:0:7", ["2001:db8:0:0:0:0:0:7"]),
        ("at 12:30:59 of that day", []),
        ("by 00:11:22:33:44:55", []),
        ("http://0x7f.1/ http://3221225985", ["http://0x7f.1/", "http://3221225985"]),
        ("http://u@017700000001/ 0300.0.513/x", ["http://u@017700000001/", "0300.0.513/x"]),
        ("http://010.0.0.1/ http://10.0.0.1/", ["http://010.0.0.1/"]),
        ("3.14 1.2.3 12/31/2026 2021-06-06t15:59:46.457984+0200", []),
        ("ev%69l.example/a http://x/%20a /a%20b", ["ev%69l.example/a"]),
        (
            "http://ev%69l.example x/http://ev%69l.example",
            ["http://ev%69l.example", "x/http://ev%69l.example"],
        ),
        ("www.xn--bcher-kva.example", ["www.xn--bcher-kva.example"]),
        ("b\u00fccher.example /b\u00fccher", ["b\u00fccher.example"]),
    ],
)
def test_words_that_are_read_whole(text: str, odd: list[str]) -> None:
    data = text.encode()
    words = Piece(data).odd_words()
    assert [word.decode() for _, word in words] == odd
    for start, word in words:
        assert data[start - 1 : start - 1 + len(word)] == word


def test_an_empty_piece_holds_nothing() -> None:
    piece = Piece(b"")
    assert [len(places) for places, _ in (piece.hosts(), piece.digests(), piece.addresses())] == [0, 0, 0]
    assert (piece.odd_words(), len(piece.hidden())) == ([], 0)
