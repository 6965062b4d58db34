# SPDX-License-Identifier: Apache-2.0
"""What is looked for is found in each of its spellings and at its place, and nothing else is."""

from base64 import b64encode
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.bench.linkability.needles import Needles, pairs, spellings

PARTY = b"prt_00112233445566778899aabbccddeeff"
ADDRESS = b"192.0.2.17"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(b"from 192.0.2.17 at", id="as it is"),
        pytest.param(b'{"a":"' + ADDRESS.hex().encode() + b'"}', id="hexadecimal"),
        pytest.param(b64encode(b"from 192.0.2.17 at"), id="base64, begun two bytes before"),
        pytest.param(b64encode(b"x:192.0.2.17"), id="base64, begun with it at two"),
        pytest.param(b64encode(ADDRESS), id="base64 of it alone"),
        pytest.param("an 192.0.2.17".encode("utf-16-le"), id="UTF-16"),
        pytest.param(b"\x00\x01" + ip_address("192.0.2.17").packed, id="bare bytes"),
    ],
)
def test_an_address_is_found_in_every_spelling(told: bytes) -> None:
    assert {number for _, number in Needles([(ADDRESS, 3)]).offsets(told)} == {3}
    assert list(Needles([(b"192.0.2.18", 3)]).offsets(told)) == []


def test_the_digits_of_an_identifier_are_found_as_bytes() -> None:
    assert bytes.fromhex("00112233445566778899aabbccddeeff") in spellings(PARTY)


def test_what_is_too_short_to_mean_anything_is_not_looked_for() -> None:
    assert spellings(b"ab") == {b"6162", "ab".encode("utf-16-le")}


@given(st.binary(max_size=80), st.binary(min_size=4, max_size=20), st.binary(max_size=80))
def test_whatever_bytes_they_are_they_are_found_where_they_stand(
    before: bytes, sought: bytes, after: bytes
) -> None:
    assert (len(before), 7) in set(Needles([(sought, 7)]).offsets(before + sought + after))


@given(st.lists(st.binary(max_size=30), max_size=12), st.integers(0, 11), st.binary(min_size=8, max_size=16))
def test_the_record_that_names_it_is_told(records: list[bytes], at: int, sought: bytes) -> None:
    records.insert(min(at, len(records)), b"<" + sought + b">")
    found = Needles([(sought, 1)]).records(records).tolist()
    assert [min(at, len(records) - 1), 1] in found
    naming = {number for number, one in enumerate(records) if any(text in one for text in spellings(sought))}
    assert {record for record, _ in found} == naming


def test_two_that_are_spelled_alike_are_both_told() -> None:
    assert Needles([(b"same", 1), (b"same", 2)]).records([b"the same"]).tolist() == [[0, 1], [0, 2]]


def test_nothing_is_found_in_nothing() -> None:
    assert Needles([(ADDRESS, 0)]).records([]).shape == (0, 2)
    assert list(Needles([]).offsets(b"anything at all")) == []


def test_a_pair_counts_once() -> None:
    assert pairs([(2, 1), (0, 1), (2, 1)]).tolist() == [[0, 1], [2, 1]]
