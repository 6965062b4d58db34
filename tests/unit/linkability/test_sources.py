# SPDX-License-Identifier: Apache-2.0
"""A view is taken apart whole: packets by peer, lines, rows of real databases, and places in their files."""

from pathlib import Path

import numpy as np
import pytest

from tocsin.bench.linkability.notebook import Notebook
from tocsin.bench.linkability.path import Member, Played, View
from tocsin.bench.linkability.sources import Source, names_of, sources
from tocsin.clock import SECOND, Instant

BEGIN = 1_795_249_800 * SECOND
MEMBERS = tuple(
    Member(f"192.0.2.{number + 10}", f"prt_{number:032x}", (f"cas_{number:031x}f",)) for number in range(1, 4)
)
ENTRY = "fct_0123456789abcdef0123456789abcdef"
SCHEMA = (
    "CREATE TABLE entry (id TEXT, added INTEGER, body BLOB); CREATE TABLE answer (entry TEXT, party TEXT)"
)


@pytest.fixture
def view(tmp_path: Path) -> View:
    book = Notebook(tmp_path, "hub", SCHEMA)
    book.hears(BEGIN + 3, 700, MEMBERS[1].address)
    book.says(BEGIN + 43, 90, MEMBERS[1].address)
    book.hears(BEGIN + 5, 8_000, "partner")
    book.logs(BEGIN + 9, f"report {ENTRY} came by {MEMBERS[2].address} in 12.5 ms")
    book.logs(BEGIN + 10, "nothing else")
    rows = [
        (ENTRY, BEGIN + 10, b'{"value":"lure.example"}'),
        ("fct_other", BEGIN + 10, b'{"value":"other.example"}'),
    ]
    book.keeps("INSERT INTO entry VALUES (?, ?, ?)", rows)
    book.keeps(
        "INSERT INTO answer VALUES (?, ?)", [(ENTRY, MEMBERS[0].party), ("fct_other", MEMBERS[1].party)]
    )
    return book.view()


@pytest.fixture
def found(view: View) -> dict[str, Source]:
    played = Played(MEMBERS, (Instant(BEGIN), Instant(BEGIN + 60 * SECOND)), {"hub": view})
    return {
        one.name: one for one in sources("hub", view, names_of(played, ["lure.example", "other.example"]))
    }


def test_every_kind_of_record_is_a_source(found: dict[str, Source]) -> None:
    assert sorted(found) == [
        "hub: answer",
        "hub: bytes of hub.db",
        "hub: bytes of hub.db-wal",
        "hub: entry",
        "hub: lines of the log",
        "hub: packets from members",
        "hub: packets from partner",
        "hub: packets to members",
    ]


def test_a_packet_is_its_peer_s_with_the_time_since_the_one_before(found: dict[str, Source]) -> None:
    answer = found["hub: packets to members"]
    assert answer.members.tolist() == [[0, 1]]
    assert answer.numbers.tolist() == [[90.0, 40.0]]
    assert np.isnan(found["hub: packets from members"].numbers[0, 1])


def test_a_row_names_its_report_by_what_it_says_and_others_by_its_identifier(
    found: dict[str, Source],
) -> None:
    assert found["hub: entry"].targets.tolist() == [[0, 0], [1, 1]]
    assert found["hub: answer"].targets.tolist() == [[0, 0], [1, 1]]
    assert found["hub: answer"].members.tolist() == [[0, 0], [1, 1]]


def test_a_line_has_its_numbers_and_whom_it_names(found: dict[str, Source]) -> None:
    log = found["hub: lines of the log"]
    assert log.members.tolist() == [[0, 2]]
    assert log.targets.tolist() == [[0, 0]]
    assert log.numbers[0, 1] == 12.5
    assert np.isnan(log.numbers[1, 1])


def test_a_column_of_times_is_known_as_one(found: dict[str, Source]) -> None:
    entry = found["hub: entry"]
    assert dict(zip(entry.columns, entry.timed, strict=True)) == {
        "rowid": False,
        "id": False,
        "added": True,
        "body": False,
    }
    assert entry.times.tolist() == [BEGIN + 10, BEGIN + 10]


def test_what_was_not_written_back_is_found_in_the_wal(found: dict[str, Source]) -> None:
    wal = found["hub: bytes of hub.db-wal"]
    assert set(wal.targets[:, 1].tolist()) == {0, 1}
    assert set(wal.members[:, 1].tolist()) == {0, 1}
    assert (np.diff(wal.numbers[:, 0]) >= 0).all()


def test_a_member_s_secret_names_it(tmp_path: Path) -> None:
    book = Notebook(tmp_path, "partner", "CREATE TABLE blob (id TEXT)")
    book.keeps("INSERT INTO blob VALUES (?)", [(f"case {MEMBERS[2].secrets[0]}",)])
    view = book.view()
    played = Played(MEMBERS, (Instant(BEGIN), Instant(BEGIN + SECOND)), {})
    by_name = {one.name: one for one in sources("partner", view, names_of(played, []))}
    assert by_name["partner: blob"].members.tolist() == [[0, 2]]


def test_seconds_are_times_too(tmp_path: Path) -> None:
    book = Notebook(tmp_path, "hub", "CREATE TABLE seen (at INTEGER)")
    book.keeps("INSERT INTO seen VALUES (?)", [(BEGIN // SECOND + 7,)])
    played = Played(MEMBERS, (Instant(BEGIN), Instant(BEGIN + 60 * SECOND)), {})
    by_name = {one.name: one for one in sources("hub", book.view(), names_of(played, []))}
    assert by_name["hub: seen"].times.tolist() == [float(BEGIN + 7 * SECOND)]


def test_of_nothing_there_are_no_sources() -> None:
    played = Played(MEMBERS, (Instant(BEGIN), Instant(BEGIN + SECOND)), {})
    assert sources("hub", View(), names_of(played, [])) == ()
