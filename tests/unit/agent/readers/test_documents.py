# SPDX-License-Identifier: Apache-2.0
"""Files in files, and lists of any length: each document by itself, and every marking obeyed wherever it stands."""

import gzip
import json
import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest

from tocsin.agent.readers import around, pieces
from tocsin.agent.readers import documents as walk
from tocsin.agent.readers.documents import Document, documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.stix import read_stix
from tocsin.errors import InputError, TooCostly, TooLarge, Unreadable

pytestmark = pytest.mark.processes

MAIL = b"From: a@evil.example\nSubject: x\n\nhttps://evil.example/"
AMBER = "marking-definition--11111111-1111-4111-8111-111111111111"


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderChild]:
    with ReaderChild() as child:
        yield child


def read(reader: ReaderChild, data: bytes, name: str = "a.json") -> list[Document]:
    return list(documents(reader, BytesIO(data), name))


def zipped(*files: tuple[str, bytes]) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files:
            opened.writestr(name, data)
    return archive.getvalue()


def test_each_file_in_an_archive_is_a_document_of_its_own_in_its_order(reader: ReaderChild) -> None:
    outer = zipped(
        ("a.eml", MAIL),
        ("b.bin", b"\x7fELF"),
        ("c.zip", zipped(("d.eml", MAIL))),
        ("e.gz", gzip.compress(MAIL, mtime=0)),
    )
    found = read(reader, outer, "all.zip")
    assert [one.name for one in found] == [
        "all.zip > a.eml",
        "all.zip > b.bin",
        "all.zip > c.zip > d.eml",
        "all.zip > e.gz",
    ]
    assert [one.error is None for one in found] == [True, False, True, True]
    assert {one.data for one in found if one.reading} == {MAIL}
    assert [one.name for one in read(reader, MAIL, "a.eml")] == ["a.eml"]


def test_archives_in_archives_end_at_a_depth_and_at_a_sum(
    reader: ReaderChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = MAIL
    for _ in range(5):
        deep = zipped(("x", deep))
    (only,) = read(reader, deep, "deep.zip")
    assert "more than 3 archives" in str(only.error)
    monkeypatch.setattr(walk, "MAX_UNPACKED", 20 * walk.FILE_COSTS)
    many = zipped(
        *((f"{number}.zip", zipped(*((f"{one}", b"") for one in range(10)))) for number in range(10))
    )
    found = read(reader, many, "many.zip")
    assert len(found) < 40
    assert "MiB" in str(found[-1].error)


def test_a_file_that_is_refused_itself_raises(reader: ReaderChild) -> None:
    with pytest.raises(Unreadable, match="a 7z archive"):
        read(reader, b"7z\xbc\xaf\x27\x1c", "a.7z")


def test_a_file_above_the_bound_that_is_no_list_is_refused(
    reader: ReaderChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TooLarge, match="32 MiB"):
        read(reader, b"a" * (33 * 2**20), "huge.txt")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of three objects, of files that are no longer than a test's."""
    monkeypatch.setattr(walk, "MAX_WHOLE", 200)
    monkeypatch.setattr(pieces, "MAX_ELEMENTS", 3)


def identifier(kind: str, number: int) -> str:
    return f"{kind}--{number:08x}-0000-4000-8000-000000000000"


def indicator(number: int, **more: object) -> dict[str, object]:
    pattern = f"[domain-name:value = 'evil{number}.example']"
    return {
        "type": "indicator", "id": identifier("indicator", number), "pattern": pattern, "pattern_type": "stix", **more
    }  # fmt: skip


def bundle(*objects: object, **more: object) -> bytes:
    return json.dumps({"type": "bundle", "id": identifier("bundle", 1), "objects": objects, **more}).encode()


def crossing() -> bytes:
    """A bundle in which nearly every piece needs another."""
    seen = {"type": "domain-name", "id": identifier("domain-name", 1), "value": "seen.example"}
    file = {
        "type": "file",
        "id": identifier("file", 1),
        "hashes": {"MD5": "d41d8cd98f00b204e9800998ecf8427e"},
    }
    innocent = {"type": "domain-name", "id": identifier("domain-name", 2), "value": "innocent.example"}
    observed = {
        "type": "observed-data",
        "id": identifier("observed-data", 1),
        "object_refs": [file["id"], seen["id"]],
    }
    sighting = {"type": "sighting", "id": identifier("sighting", 1), "observed_data_refs": [observed["id"]]}
    tie = {"type": "relationship", "id": identifier("relationship", 1), "relationship_type": "based-on",
           "source_ref": identifier("indicator", 1), "target_ref": seen["id"]}  # fmt: skip
    marking = {
        "type": "marking-definition",
        "id": AMBER,
        "definition_type": "tlp",
        "definition": {"tlp": "amber"},
    }
    return bundle(
        seen, file, innocent, observed, *(indicator(number) for number in range(1, 8)),
        indicator(8, object_marking_refs=[AMBER]), indicator(9, object_marking_refs=[AMBER.replace("1", "2")]),
        sighting, tie, *(indicator(number) for number in range(10, 15)), marking, spec_version="2.1",
    )  # fmt: skip


def readings(found: list[Document]) -> list[Reading]:
    assert all(one.reading for one in found), [one.error for one in found]
    return [one.reading for one in found if one.reading]


def test_a_bundle_in_pieces_says_what_it_says_as_a_whole(reader: ReaderChild, short: None) -> None:
    data = crossing()
    whole = read_stix(data)
    found = read(reader, data)
    parts = readings(found)
    assert len(parts) == 7
    assert found[1].name == "a.json > objects[3] to [5]"
    together = [one for reading in parts for one in reading.found]
    assert set(together) == set(whole.found)
    assert {one.observable.value for one in together if one.part == "text"} == {"innocent.example"}
    assert {(one.tlp, one.held, one.marked_at, one.format) for one in parts} == {
        (whole.tlp, whole.held, whole.marked_at, whole.format)
    }
    assert [one for reading in parts for one in reading.defects] == list(whole.defects)


def test_each_piece_is_a_file_of_its_own_made_of_the_file_s_own_bytes(
    reader: ReaderChild, short: None
) -> None:
    data = crossing()
    objects = [json.loads(one.data)["objects"] for one in read(reader, data)]
    assert [one for piece in objects for one in piece] == json.loads(data)["objects"]
    assert all(json.loads(one.data)["spec_version"] == "2.1" for one in read(reader, data))


def test_an_object_that_is_broken_costs_only_itself(reader: ReaderChild, short: None) -> None:
    good = [json.dumps(indicator(number)) for number in range(8)]
    data = f'{{"type": "bundle", "objects": [{",".join(good[:4])}, {{"type": bad}}, {",".join(good[4:])}]}}'
    found = read(reader, data.encode())
    (bad,) = [one for one in found if one.error]
    assert bad.name == "a.json > objects[4]"
    assert isinstance(bad.error, Unreadable)
    values = {
        one.observable.value for document in found if document.reading for one in document.reading.found
    }
    assert values == {f"evil{number}.example" for number in range(8)}


def test_an_object_that_ends_the_child_costs_only_itself(reader: ReaderChild, short: None) -> None:
    killer = indicator(99, x=[{}] * 6_000_000)
    found = read(reader, bundle(*map(indicator, range(4)), killer, *map(indicator, range(4, 8))))
    (bad,) = [one for one in found if one.error]
    assert bad.name == "a.json > objects[4]"
    assert isinstance(bad.error, TooCostly)
    assert sum(len(one.reading.found) for one in found if one.reading) == 8


def test_marks_without_end_hold_the_file(
    reader: ReaderChild, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(around, "MAX_MARKINGS", 2)
    green = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
    amber = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
    red = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
    marked = [indicator(number, object_marking_refs=[ref]) for number, ref in enumerate((green, amber))]
    few, many = bundle(*marked, indicator(8)), bundle(*marked, indicator(9, object_marking_refs=[red]))
    assert [(one.held, one.tlp) for one in readings(read(reader, few))] == [(False, "TLP:AMBER")]
    (only,) = readings(read(reader, many))
    assert only.held


def test_more_accusations_than_are_kept_refuse_the_file(
    reader: ReaderChild, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(around, "MAX_ACCUSED", 1)
    refs = [identifier("domain-name", number) for number in range(2)]
    ties = [
        {"type": "relationship", "id": identifier("relationship", number), "relationship_type": "based-on",
         "source_ref": identifier("indicator", 1), "target_ref": ref} for number, ref in enumerate(refs)
    ]  # fmt: skip
    with pytest.raises(TooLarge, match="accused"):
        read(reader, bundle(*ties, indicator(1)))


def test_an_object_that_is_too_long_is_named(
    reader: ReaderChild, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "MAX_ELEMENT", 1_000)
    found = read(reader, bundle(indicator(1), indicator(2, x="y" * 2_000), indicator(3)))
    assert [type(one.error) for one in found if one.error] == [TooLarge]
    assert sum(len(one.reading.found) for one in found if one.reading) == 2


def test_too_many_bad_objects_refuse_the_rest(
    reader: ReaderChild, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "MAX_REFUSED", 5)
    data = '{"type": "bundle", "objects": [' + ",".join(['{"type": bad}'] * 30) + "]}"
    with pytest.raises(TooCostly, match="More than 5 of its objects"):
        read(reader, data.encode())


@pytest.mark.parametrize("end", [b"", b"]", b'], "objects": []}'])
def test_a_long_bundle_that_is_not_whole_is_refused_before_anything_is_read(
    reader: ReaderChild, short: None, end: bytes
) -> None:
    whole = bundle(*map(indicator, range(9)))
    with pytest.raises(InputError):
        next(documents(reader, BytesIO(whole[:-2] + end), "a.json"))


def test_events_are_read_one_by_one(reader: ReaderChild, short: None) -> None:
    events = [
        {"Event": {"info": f"event {number}", "distribution": "3" if number else "0", "Attribute": [
            {"type": "domain", "value": f"evil{number}.example", "to_ids": True}]}}
        for number in range(4)
    ]  # fmt: skip
    for data in (json.dumps(events).encode(), json.dumps({"response": events}).encode()):
        found = read(reader, data)
        assert [one.name for one in found] == [f"a.json > events[{number}]" for number in range(4)]
        assert [reading.title for reading in readings(found)] == [f"event {number}" for number in range(4)]
        assert [reading.tlp for reading in readings(found)] == ["TLP:AMBER+STRICT", None, None, None]


def test_a_long_bundle_in_an_archive_is_read_in_pieces_too(reader: ReaderChild, short: None) -> None:
    found = read(reader, gzip.compress(crossing(), mtime=0), "a.json.gz")
    assert len(readings(found)) == 7
