# SPDX-License-Identifier: Apache-2.0
"""A file is replaced whole, for its owner only unless more is asked, and through no link; who holds one is known."""

import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.files import holder, replace_file, write_new


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_with_the_mode_and_time_that_are_asked(tmp_path: Path) -> None:
    place = tmp_path / "a.toml"
    replace_file(place, b"one")
    assert (place.read_bytes(), mode_of(place)) == (b"one", 0o600)
    replace_file(place, b"two", mode=0o640, made_seconds=1_000)
    assert (place.read_bytes(), mode_of(place), place.stat().st_mtime) == (b"two", 0o640, 1_000)
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("name", ["a.toml.new", "a.toml"])
def test_a_link_that_somebody_laid_is_not_followed(tmp_path: Path, name: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / name).symlink_to(precious)
    replace_file(tmp_path / "a.toml", b"mine")
    assert precious.read_text() == "precious"
    assert (tmp_path / "a.toml").read_bytes() == b"mine"
    assert not (tmp_path / "a.toml").is_symlink()


def test_what_was_left_half_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.toml.new").write_text("half")
    replace_file(tmp_path / "a.toml", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


@pytest.mark.parametrize("write", [replace_file, write_new])
def test_a_file_and_then_its_name_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    synced: list[tuple[bool, bool]] = []
    place = tmp_path / "a.toml"

    def noted(handle: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(handle).st_mode), place.exists()))

    monkeypatch.setattr(os, "fsync", noted)
    write(place, b"one")
    assert [of_folder for of_folder, _ in synced] == [False, True]
    assert synced[-1] == (True, True)


def test_a_new_file_takes_nobody_s_place(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    write_new(place, b"one")
    assert (place.read_bytes(), mode_of(place)) == (b"one", 0o600)
    with pytest.raises(FileExistsError):
        write_new(place, b"two")
    assert place.read_bytes() == b"one"


@pytest.mark.parametrize(("written", "number"), [(b"4711", 4_711), (b"", 0), (b"nobody\n", 0)])
def test_who_holds_a_file_is_known_until_it_lets_go(tmp_path: Path, written: bytes, number: int) -> None:
    place = tmp_path / "running.lock"
    assert holder(place) is None
    assert not place.exists(), "whoever looks leaves nothing behind"
    place.write_bytes(written)
    assert holder(place) is None, "what a dead process wrote holds nothing"
    with place.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert holder(place) == number
    assert holder(place) is None
