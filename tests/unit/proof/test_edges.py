# SPDX-License-Identifier: Apache-2.0
"""The last value that is taken and the first that is not, and bytes written out by hand: found by mutation."""

import pytest

from tocsin.errors import Malformed
from tocsin.proof.encoding import framed, name_bytes
from tocsin.proof.headmap import HeadMap, StreamHead, map_root
from tocsin.proof.merkle import MAX_SIZE
from tocsin.proof.signing import Context, check_public_key

KEY, ROOT = b"k" * 32, b"r" * 32


def test_a_name_has_up_to_200_bytes() -> None:
    assert name_bytes("é" * 100) == "é".encode() * 100
    for text in ("", "a" * 201, "é" * 101):
        with pytest.raises(Malformed):
            name_bytes(text)


def test_a_stream_is_as_long_as_a_tree_can_be() -> None:
    assert StreamHead(KEY, MAX_SIZE, ROOT).size == 2**31 - 1
    assert StreamHead(KEY, 0, ROOT).size == 0
    for size in (MAX_SIZE + 1, -1):
        with pytest.raises(Malformed):
            StreamHead(KEY, size, ROOT)


def test_the_root_of_a_map_is_that_of_its_heads() -> None:
    head = StreamHead(KEY, 3, ROOT)
    assert map_root([head]) == HeadMap([head]).root() == head.leaf()


def test_what_is_signed_written_out_by_hand() -> None:
    signed = Context("warning", "live", "hub_1").over(b"bytes")
    assert signed == framed(b"tocsin/warning/v1", b"live", b"hub_1", b"bytes")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_public_key_has_32_bytes(size: int) -> None:
    with pytest.raises(Malformed, match="32 bytes"):
        check_public_key(b"\x07" * size)
