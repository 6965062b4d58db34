# SPDX-License-Identifier: Apache-2.0
"""Files in files: each by itself, none lost, none larger than its bound."""

import gzip
import struct
import zipfile
from io import BytesIO

import pytest

from tocsin.agent.readers import containers
from tocsin.agent.readers.containers import Packed, gunzip, is_mbox, split_mbox, unzip
from tocsin.errors import TooCostly, TooLarge, Unreadable

MBOX = (
    b"From a@b Thu Aug 22 12:36:23 2002\nFrom: x@evil.example\n\nhi\n>From here on\n>>From there\n\n"
    b"From b@c Thu Aug 22 12:36:24 2002\nFrom: y@evil.example\n\nho\n"
)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", method) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return archive.getvalue()


def test_gzip_is_unpacked_with_all_of_its_members() -> None:
    assert gunzip(gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0)).files == (
        Packed("", b"onetwo"),
    )


@pytest.mark.parametrize(
    "data", [gzip.compress(b"one", mtime=0)[:-9], b"\x1f\x8b\x08" + b"x" * 30, b"\x1f\x8b"]
)
def test_gzip_that_is_damaged_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match="gzip"):
        gunzip(data)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooCostly, match="200 times"):
        gunzip(gzip.compress(bytes(20 * 2**20), mtime=0))
    with pytest.raises(TooCostly, match="200 times"):
        unzip(zipped({"a": bytes(20 * 2**20)}))
    monkeypatch.setattr(containers, "MAX_RATIO", 10_000)
    with pytest.raises(TooLarge, match="32 MiB"):
        gunzip(gzip.compress(bytes(40 * 2**20), mtime=0))


def test_many_files_together_are_bounded_like_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_FILE", 1_000)
    with pytest.raises(TooLarge):
        unzip(zipped({str(number): b"x" * 300 for number in range(4)}, zipfile.ZIP_STORED))


def test_a_zip_gives_its_files_and_says_which_it_cannot() -> None:
    data = bytearray(
        zipped(
            {"a/": b"", "a/one.txt": b"one", "two.txt": b"two", "bad.txt": b"bad" * 10}, zipfile.ZIP_STORED
        )
    )
    at = data.index(b"bad" * 10)
    data[at : at + 3] = b"BAD"  # its checksum no longer holds
    inside = unzip(bytes(data))
    assert inside.files == (Packed("a/one.txt", b"one"), Packed("two.txt", b"two"))
    assert [defect.where for defect in inside.defects] == ["bad.txt"]


def test_what_is_encrypted_is_named() -> None:
    data = zipped({"a.txt": b"one"}).replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )
    assert [defect.reason for defect in unzip(data).defects] == [
        "is encrypted: unpack it, and report what is inside"
    ]


def test_a_zip_that_is_damaged_is_refused() -> None:
    with pytest.raises(Unreadable, match="ZIP"):
        unzip(b"PK\x03\x04 and nothing more")


def test_files_beyond_the_bound_are_said_to_be_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_FILES", 2)
    inside = unzip(zipped(dict.fromkeys("abc", b"x")))
    assert [packed.name for packed in inside.files] == ["a", "b"]
    assert "more than 2" in inside.defects[0].reason
    folder = split_mbox(MBOX + MBOX.replace(b"From a@b", b"\nFrom a@b", 1))
    assert len(folder.files) == 2
    assert "more than 2" in folder.defects[0].reason


def test_an_mbox_folder_gives_each_mail_as_it_was() -> None:
    assert is_mbox(MBOX)
    assert not is_mbox(MBOX[:60])
    first, second = split_mbox(MBOX).files
    assert first == Packed("mail 1", b"From: x@evil.example\n\nhi\nFrom here on\n>From there\n")
    assert second.data == b"From: y@evil.example\n\nho\n"


def test_a_directory_that_points_anywhere_costs_no_neighbour() -> None:
    data = bytearray(zipped({"a.txt": b"one", "b.txt": b"two"}, zipfile.ZIP_STORED))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 42 : second + 46] = (2**31).to_bytes(4, "little")
    assert unzip(bytes(data)).files == (Packed("a.txt", b"one"),)
    assert [defect.where for defect in unzip(bytes(data)).defects] == ["b.txt"]


def test_a_file_without_a_name_costs_no_neighbour() -> None:
    data = bytearray(zipped({"x": b"one", "b.txt": b"two"}, zipfile.ZIP_STORED))
    entry = data.index(b"PK\x01\x02")
    data[entry + 28 : entry + 34] = struct.pack("<3H", 0, 0, 1)  # its name is a remark instead
    inside = unzip(bytes(data))
    assert inside.files == (Packed("b.txt", b"two"),)
    assert [defect.where for defect in inside.defects] == [""]
