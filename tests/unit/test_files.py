# SPDX-License-Identifier: Apache-2.0
"""A file is replaced whole, for its owner only unless more is asked, and through no link."""

import stat
from pathlib import Path

import pytest

from tocsin.files import replace_file


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
