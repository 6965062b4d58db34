# SPDX-License-Identifier: Apache-2.0
"""A followed file gives each whole line once, through rotation, truncation and restarts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.hunting import tail as module
from tocsin.agent.hunting.tail import Position, Tail


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def all_of(tail: Tail) -> list[bytes]:
    found = []
    while lines := tail.look():
        found += lines
    return found


_OPEN: list[Tail] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


def follow(path: Path, position: Position) -> Tail:
    _OPEN.append(Tail(path, position))
    return _OPEN[-1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "log").write_text("old\nhalf")
    return tmp_path / "log"


def test_it_begins_behind_the_last_whole_line(path: Path) -> None:
    tail = follow(path, Position())
    assert all_of(tail) == []
    add(path, " a line\nnext\nand h")
    assert all_of(tail) == [b"half a line", b"next"]
    add(path, "alf\n")
    assert all_of(tail) == [b"and half"]


def test_a_rotated_file_is_read_to_its_end_and_then_the_new_one(path: Path) -> None:
    tail = follow(path, Position())
    all_of(tail)
    add(path, "\nlast\n")
    path.rename(path.with_suffix(".1"))
    assert all_of(tail) == [b"half", b"last"]
    path.write_text("first\n")
    assert all_of(tail) == [b"first"]


def test_a_truncated_file_is_read_from_its_beginning_and_counted(path: Path) -> None:
    tail = follow(path, Position())
    all_of(tail)
    path.write_text("a\n")
    assert all_of(tail) == [b"a"]
    assert tail.position.truncated == 1


def test_after_a_restart_it_goes_on_where_it_was(path: Path) -> None:
    first = follow(path, Position())
    all_of(first)
    first.close()
    add(path, "\nmeanwhile\n")
    assert all_of(follow(path, first.position)) == [b"half", b"meanwhile"]


def test_a_rotation_during_a_restart_loses_nothing(path: Path) -> None:
    first = follow(path, Position())
    all_of(first)
    first.close()
    add(path, "\nmeanwhile\n")
    path.rename(path.with_suffix(".1"))
    path.write_text("new\n")
    assert all_of(follow(path, first.position)) == [b"half", b"meanwhile", b"new"]


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    tail = follow(tmp_path / "log", Position(inode=1))
    assert tail.look() == []
    (tmp_path / "log").write_text("a\n")
    assert all_of(tail) == [b"a"]


def test_a_line_without_an_end_is_cut(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 100)
    monkeypatch.setattr(module, "MAX_LINE", 50)
    tail = follow(path, Position(inode=os.stat(path).st_ino))
    add(path, "x" * 300 + "\nend\n")
    assert all_of(tail)[-1] == b"end"
    assert tail.position.cut


STEP = st.one_of(
    st.text("ab\n", max_size=8),
    st.sampled_from(("rotate", "look", "restart")),
)


@given(steps=st.lists(STEP, max_size=30))
def test_whatever_happens_each_line_is_given_once_and_in_order(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tail") / "log"
    path.write_text("")
    tail = Tail(path, Position())
    tail.look()
    tail.position = Position(inode=os.stat(path).st_ino)
    written, given_lines, turns, rest = list[bytes](), list[bytes](), 0, ""
    for step in steps:
        if step == "look":
            given_lines += all_of(tail)
        elif step == "restart":
            tail.close()
            tail = Tail(path, tail.position)
        elif step == "rotate":
            given_lines += all_of(tail)  # two rotations between two looks are one too many, and said so
            turns += 1
            rest = ""
            path.rename(path.with_suffix(f".{turns}"))
            path.write_text("")
        else:
            add(path, step)
            *whole, rest = (rest + step).split("\n")
            written += [line.encode() for line in whole]
    given_lines += all_of(tail)
    tail.close()
    assert given_lines == written
