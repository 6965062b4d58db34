# SPDX-License-Identifier: Apache-2.0
"""Compound files: every stream as it was put in, and nothing that makes a hostile one larger inside than out."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.agent.readers.outlook_files import END, FREE, Writer, compound

from tocsin.agent.readers import compound as reader
from tocsin.agent.readers.compound import MAX_DEPTH, open_compound
from tocsin.errors import TooCostly, Unreadable

NAMES = st.text("abcXYZ_0123é", min_size=1, max_size=31)
STREAMS = st.dictionaries(NAMES, st.binary(max_size=200) | st.integers(0, 9_000).map(bytes), max_size=6)


@settings(max_examples=60)
@given(STREAMS, STREAMS, st.sampled_from([3, 4]))
def test_what_was_put_in_comes_out(outer: dict[str, bytes], inner: dict[str, bytes], version: int) -> None:
    def capital(streams: dict[str, bytes]) -> dict[str, bytes]:
        return dict(reversed([(name.upper(), data) for name, data in streams.items()]))

    once = {
        name: data for name, data in outer.items() if list(map(str.upper, outer)).count(name.upper()) == 1
    }
    inner = {
        name: data for name, data in inner.items() if list(map(str.upper, inner)).count(name.upper()) == 1
    }
    found = open_compound(compound({**once, "(a folder)": inner}, version))
    assert found.defects == ()
    assert found.root.streams == capital(once)
    assert found.root.storages["(A FOLDER)"].streams == capital(inner)


def test_a_file_of_more_than_seven_megabytes_has_its_table_in_lists() -> None:
    data = bytes(range(256)) * 40_000
    assert open_compound(compound({"long": data, "short": b"x"})).root.streams == {
        "LONG": data,
        "SHORT": b"x",
    }


def at_entry(data: bytes, name: str) -> int:
    return data.index(name.encode("utf-16-le").ljust(64, b"\0"))


def patched(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


@pytest.mark.parametrize("size", [0, 8, 100, 511, 512, 600])
def test_what_is_cut_off_is_refused(size: int) -> None:
    with pytest.raises(Unreadable, match="Outlook"):
        open_compound(compound({"a": b"x"})[:size])


def test_a_header_of_another_kind_is_refused() -> None:
    data = compound({"a": b"x"})
    for at in (26, 28, 30, 32):
        with pytest.raises(Unreadable, match="version"):
            open_compound(data[:at] + b"\x07\x07" + data[at + 2 :])


@pytest.mark.parametrize("beside", [68, 72, 76])
def test_a_directory_that_runs_in_a_circle_is_refused(beside: int) -> None:
    """68 left, 72 right, 76 below: each entry stands in one place."""
    data = compound({"aa": {"b": b"x"}, "cc": b"y"})
    at = at_entry(data, "aa")
    number = (at - at_entry(data, "Root Entry")) // 128
    with pytest.raises(Unreadable, match="two places"):
        open_compound(patched(data, at + beside, number))


def test_a_directory_that_names_what_is_not_there_is_refused() -> None:
    data = compound({"aa": b"x"})
    with pytest.raises(Unreadable, match="missing"):
        open_compound(patched(data, at_entry(data, "aa") + 68, 5_000))


def test_a_stream_that_is_cut_off_or_runs_in_a_circle_costs_only_itself() -> None:
    data = compound({"bad": b"b" * 6_000, "good": b"g" * 6_000})
    start = struct.unpack_from("<I", data, at_entry(data, "bad") + 116)[0]
    table = data.index(struct.pack("<II", start + 1, start + 2))
    for value in (END, FREE, start, 10**6):
        found = open_compound(patched(data, table, value))
        assert found.root.streams["GOOD"] == b"g" * 6_000
        if value != start:
            assert [defect.where for defect in found.defects] == ["bad"]
            assert "cut off after" in found.defects[0].reason


def test_streams_that_share_their_sectors_are_refused_before_they_fill_the_memory() -> None:
    data = compound({f"s{number:03}": b"x" * 5_000 for number in range(100)})
    long = compound({"s000": b"x" * 400_000, **{f"s{number:03}": b"x" * 5_000 for number in range(1, 100)}})
    start, size = struct.unpack_from("<IQ", long, at_entry(long, "s000") + 116)
    hostile = bytearray(long)
    for number in range(1, 100):
        struct.pack_into("<IQ", hostile, at_entry(long, f"s{number:03}") + 116, start, size)
    assert len(open_compound(data).root.streams) == 100
    with pytest.raises(TooCostly, match="longer together"):
        open_compound(bytes(hostile))


def test_a_table_that_is_listed_again_and_again_is_read_once() -> None:
    data = bytearray(compound({"a": b"x" * 5_000}))
    struct.pack_into("<109I", data, 76, *struct.unpack_from("<I", data, 76) * 109)
    struct.pack_into("<I", data, 68, 0)  # and a list that leads into the streams
    assert open_compound(bytes(data)).root.streams == {"A": b"x" * 5_000}


def test_folders_end_at_a_depth_and_entries_at_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    deep: dict[str, object] = {"x": b"deep"}
    for _ in range(MAX_DEPTH + 3):
        deep = {"d": deep}
    found = open_compound(compound({"outer": b"o", **deep}))
    assert found.root.streams == {"OUTER": b"o"}
    assert "deeper than" in found.defects[0].reason
    monkeypatch.setattr(reader, "MAX_ENTRIES", 10)
    with pytest.raises(TooCostly, match="10 entries"):
        open_compound(compound({f"{number}": b"" for number in range(20)}))


def test_a_large_file_of_circles_ends_soon() -> None:
    writer = Writer()
    data = bytearray(writer.file({"a": b"x" * 4_000_000}))
    for at in range(len(data) - 512 * 64, len(data) - 3, 4):
        struct.pack_into("<I", data, at, 0)
    with pytest.raises((Unreadable, TooCostly)):
        open_compound(bytes(data))
