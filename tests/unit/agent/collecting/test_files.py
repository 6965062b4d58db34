# SPDX-License-Identifier: Apache-2.0
"""Folders and maildirs are read and never changed; a file that is still being written waits until it is whole."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.collecting import files as module
from tocsin.agent.collecting.arrival import Arrival
from tocsin.agent.collecting.files import Folder, Maildir, read_file
from tocsin.errors import ConfigError, TooLarge


def taken(source: Folder) -> dict[str, bytes]:
    """Everything that one look after the other gives until there is no more at once."""
    found: list[Arrival] = []
    more = True
    while more:
        batch = source.look("")
        found += batch.arrivals
        more = batch.more
    return {one.name: one.data for one in found}


def as_it_is(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    return tmp_path / "mail"


def test_a_file_is_taken_at_the_second_look_that_finds_it_the_same_and_once(tmp_path: Path) -> None:
    source = Folder(tmp_path, 1)
    (tmp_path / "a.eml").write_bytes(b"whole")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.eml").write_bytes(b"deep")
    before = as_it_is(tmp_path)
    assert taken(source) == {}
    assert taken(source) == {"a.eml": b"whole", "deep/b.eml": b"deep"}
    assert taken(source) == {}
    assert as_it_is(tmp_path) == before


@given(pieces=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6))
def test_however_slowly_it_is_written_only_the_whole_file_is_taken(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("slow")
    source, path = Folder(folder, 1), folder / "slow.eml"
    for piece in pieces:
        with path.open("ab") as file:
            file.write(piece)
        assert taken(source) == {}, "it grew since the look before"
    assert taken(source) == {"slow.eml": b"".join(pieces)}


def test_a_file_that_changes_while_it_is_read_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, path = Folder(tmp_path, 1), tmp_path / "a.eml"
    path.write_bytes(b"half")
    assert taken(source) == {}

    def read_half(where: Path, *, follow: bool) -> bytes:
        data = read_file(where, follow=follow)
        path.write_bytes(b"half and half")
        return data

    monkeypatch.setattr(module, "read_file", read_half)
    assert taken(source) == {}
    monkeypatch.undo()
    assert taken(source) == {}, "it changed since the look before"
    assert taken(source) == {"a.eml": b"half and half"}


def test_a_file_that_is_written_again_comes_again(tmp_path: Path) -> None:
    source, path = Folder(tmp_path, 1), tmp_path / "list.csv"
    path.write_bytes(b"one")
    taken(source)
    assert taken(source) == {"list.csv": b"one"}
    path.write_bytes(b"one, two")
    assert taken(source) == {}
    assert taken(source) == {"list.csv": b"one, two"}


def test_a_file_that_is_moved_in_and_out_again_costs_nothing(tmp_path: Path) -> None:
    source = Folder(tmp_path, 1)
    (tmp_path / "a.eml").write_bytes(b"a")
    taken(source)
    (tmp_path / "a.eml").unlink()
    assert taken(source) == {}


def test_what_is_hidden_a_link_or_no_file_is_passed_over(tmp_path: Path) -> None:
    watched, outside = tmp_path / "in", tmp_path / "outside.eml"
    watched.mkdir()
    outside.write_bytes(b"another's")
    (watched / ".part.eml").write_bytes(b"hidden")
    (watched / ".cache").mkdir()
    (watched / ".cache" / "c.eml").write_bytes(b"hidden")
    (watched / "link.eml").symlink_to(outside)
    (watched / "way").symlink_to(tmp_path)
    os.mkfifo(watched / "pipe")
    source = Folder(watched, 1)
    assert (taken(source), taken(source)) == ({}, {})


def test_a_pipe_is_not_waited_for_and_a_link_only_followed_where_that_was_asked(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        read_file(tmp_path / "pipe", follow=True)
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_file(tmp_path / "link", follow=True) == b"a"
    with pytest.raises(OSError):  # noqa: PT011 the system's words differ
        read_file(tmp_path / "link", follow=False)


def test_what_is_too_large_or_not_to_be_read_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILE", 10)
    source = Folder(tmp_path, 1)
    (tmp_path / "huge.eml").write_bytes(bytes(11))
    (tmp_path / "small.eml").write_bytes(b"small")
    source.look("")
    found = {one.name: one for one in source.look("").arrivals}
    assert "at most" in found["huge.eml"].problem
    assert (found["small.eml"].data, found["small.eml"].problem) == (b"small", "")
    with pytest.raises(TooLarge):
        read_file(tmp_path / "huge.eml", follow=True)


def test_many_files_come_in_batches_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 7)
    source = Folder(tmp_path, 1)
    for number in range(30):
        (tmp_path / f"{number:02}.eml").write_bytes(b"%d" % number)
    source.look("")
    sizes, names = [], []
    while (batch := source.look("")).arrivals:
        sizes.append((len(batch.arrivals), batch.more))
        names += [one.name for one in batch.arrivals]
    assert sizes == [(7, True)] * 4 + [(2, False)]
    assert names == [f"{number:02}.eml" for number in range(30)]


def test_a_batch_ends_by_its_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH_BYTES", 5)
    source = Folder(tmp_path, 1)
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(bytes(6))
    source.look("")
    assert [len(source.look("").arrivals) for _ in range(4)] == [1, 1, 1, 0]


def test_a_place_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    for source in (Folder(tmp_path / "gone", 1), Maildir(tmp_path, 1)):
        with pytest.raises(ConfigError, match="No such file") as refusal:
            source.look("")
        assert "[collect]" in refusal.value.next_step


def test_a_folder_of_everything_is_taken_for_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_NAMES", 2)
    for number in range(3):
        (tmp_path / f"{number}").write_bytes(b"")
    with pytest.raises(ConfigError, match="more than 2 files"):
        Folder(tmp_path, 1).look("")


def test_a_mail_is_taken_at_once_and_not_again_when_it_was_read(maildir: Path) -> None:
    source = Maildir(maildir, 1)
    (maildir / "tmp" / "1.half").write_bytes(b"not delivered yet")
    (maildir / "new" / "1.whole").write_bytes(b"delivered")
    (maildir / "cur" / "2.old:2,S").write_bytes(b"read long ago")
    before = as_it_is(maildir)
    assert taken(source) == {"new/1.whole": b"delivered", "cur/2.old:2,S": b"read long ago"}
    assert as_it_is(maildir) == before
    (maildir / "new" / "1.whole").rename(maildir / "cur" / "1.whole:2,")
    (maildir / "cur" / "2.old:2,S").rename(maildir / "cur" / "2.old:2,FS")
    assert taken(source) == {}
    (maildir / "tmp" / "1.half").rename(maildir / "new" / "1.half")
    assert taken(source) == {"new/1.half": b"not delivered yet"}
