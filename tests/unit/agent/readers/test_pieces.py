# SPDX-License-Identifier: Apache-2.0
"""A long list is cut at its commas and nowhere else, however it comes through the window."""

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers import pieces
from tocsin.agent.readers.pieces import Cutter, Element, is_long_list
from tocsin.errors import TooCostly, TooLarge, Unreadable

VALUES = st.recursive(
    st.none() | st.integers() | st.text('ab"\\,[]{}é\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('k"\\[', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


class Slow(BytesIO):
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._step)


def cut(data: bytes, step: int = 7) -> list[bytes]:
    return [element.data for element in Cutter().cut(Slow(data, step))]


@given(st.lists(VALUES, min_size=1, max_size=6), VALUES, st.integers(1, 40), st.sampled_from([None, 1]))
def test_every_element_is_found_whole(
    values: list[object], other: object, step: int, indent: int | None
) -> None:
    bundle = json.dumps({"type": "bundle", "x": other, "objects": values, "y": other}, indent=indent).encode()
    assert [json.loads(one) for one in cut(bundle, step)] == values
    assert [json.loads(one) for one in cut(json.dumps(values, indent=indent).encode(), step)] == values
    cutter = Cutter()
    elements = list(cutter.cut(Slow(bundle, step)))
    whole = json.loads(bundle)
    assert json.loads(cutter.document(elements, bytes(cutter.behind))) == whole
    assert json.loads(cutter.document(elements[:1], bytes(cutter.behind))) == {**whole, "objects": values[:1]}
    assert [element.number for element in elements] == list(range(len(values)))


def test_an_empty_list_has_no_element() -> None:
    assert cut(b'{"objects": [ ]}') == []
    assert cut(b"[]") == []


@pytest.mark.parametrize(
    "data",
    [
        b'{"objects": [{"a": 1}, {"b": 2',
        b'{"objects": [{"a": "',
        b'{"objects": [{"a": "\\',
        b'{"objects": [{"a": 1}]',
        b'{"objects": {"a": 1}}',
        b"{}",
        b"",
    ],
)
def test_a_list_that_does_not_end_is_refused_with_its_length(data: bytes) -> None:
    with pytest.raises(Unreadable, match=f"after {len(data)} bytes"):
        cut(data)


def test_a_list_that_is_given_twice_is_refused() -> None:
    with pytest.raises(Unreadable, match="twice"):
        cut(b'{"objects": [{"a": 1}], "objects": [{"b": 2}]}')
    assert cut(b'{"objects": [{"a": 1}], "other": [{"objects": [1]}]}') == [b'{"a": 1}']


def test_what_is_too_long_is_passed_over_and_what_stands_around_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pieces, "MAX_ELEMENT", 50)
    monkeypatch.setattr(pieces, "MAX_OUTSIDE", 50)
    long = json.dumps({"a": '"\\]}' * 40})
    assert cut(f'{{"objects": [{{"b": 1}}, {long}, {{"c": 2}}]}}'.encode()) == [b'{"b": 1}', b"", b'{"c": 2}']
    for around in (f'{{"a": {long}, "objects": []}}', f'{{"objects": [], "a": {long}}}'):
        with pytest.raises(TooLarge, match="around"):
            cut(around.encode())


def test_pieces_hold_so_many_elements_and_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MAX_ELEMENTS", 3)
    monkeypatch.setattr(pieces, "MAX_PIECE", 40)

    def numbers(data: bytes) -> list[list[int]]:
        return [[one.number for one in piece] for piece in Cutter().pieces(BytesIO(data))]

    assert numbers(b'{"objects": [' + b",".join([b"{}"] * 8) + b"]}") == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert numbers(b'{"objects": [{}, {}, "' + b"x" * 39 + b'", {}]}') == [[0, 1], [2], [3]]
    assert numbers(b'{"response": [{}, {}]}') == [[0], [1]], "each event is a report of its own"


@pytest.mark.parametrize(
    ("head", "long"),
    [
        (b'{"type": "bundle", "id": "x", "objects": [', True),
        (b'\xef\xbb\xbf {"objects" : [', True),
        (b'{"response": [{"Event"', True),
        (b'[ {"Event": {', True),
        (b'{"response": {"Event"', False),
        (b'[{"type": "indicator"', False),
        (b'{"ts": 1, "uid": "x"}\n', False),
        (b"From: a@b\n", False),
    ],
)
def test_a_long_list_is_told_by_its_head(head: bytes, long: bool) -> None:
    assert is_long_list(head) is long


def test_an_element_keeps_its_number_behind_one_that_is_none() -> None:
    assert list(Cutter().cut(BytesIO(b'{"objects": [1,,{"a": 1}]}'))) == [
        Element(0, b"1"),
        Element(1, b""),
        Element(2, b'{"a": 1}'),
    ]


def test_what_is_mostly_brackets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MAX_BRACKETS", 100)
    deep = "[" * 100 + "]" * 100
    assert len(cut(f'{{"objects": [{deep[80:120]}, "{deep * 40}"]}}'.encode())) == 2
    with pytest.raises(TooCostly, match="up to byte"):
        cut(f'{{"objects": [{deep}]}}'.encode())
