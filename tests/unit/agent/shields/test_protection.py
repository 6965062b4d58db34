# SPDX-License-Identifier: Apache-2.0
"""The protection files: written when something changed and only then, whole or not at all, and emptied in time."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.unit.agent.shields.blocks import BOX, all_on, named_in
from tests.unit.hub.asking import BAD, EVIL, erase, sight

from tocsin.agent.shields.before import Generations
from tocsin.agent.shields.csv import CsvShield
from tocsin.agent.shields.protection import Protection
from tocsin.clock import DAY, HOUR, SECOND, Instant
from tocsin.config.shields import Shields
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import ConfigError
from tocsin.hooks import Blocked, Files

FILES = Shields(csv="out/block.csv", rpz="out/block.rpz", suricata="out/block.rules")


class Fixed:
    """Levels that block these values; what decides about them is tested elsewhere."""

    def __init__(self, *values: Observable) -> None:
        self.values = values

    def blocked(self, now: Instant) -> list[Blocked]:
        return [
            Blocked(value, "2-4 named sources", "rpt_1", now, Instant(now + DAY)) for value in self.values
        ]


def protection(folder: Path, *values: Observable, shields: Shields = FILES) -> Protection:
    return Protection(Fixed(*values), named_in(folder, shields), folder, all_on, BOX)  # type: ignore[arg-type]


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((folder / "out").glob("block.*"))}


NOW = Instant(1_795_249_800 * SECOND)


def test_nothing_is_written_until_it_is_named(tmp_path):
    assert protection(tmp_path, EVIL, shields=Shields()).apply(NOW, dry_run=False) == []
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_what_would_change_and_writes_nothing(tmp_path):
    changes = protection(tmp_path, EVIL).apply(NOW, dry_run=True)
    assert [change.shield for change in changes] == ["csv", "rpz", "suricata"]
    assert all(change.changes and change.values == 1 for change in changes)
    assert any("evil.example" in line for change in changes for line in change.added)
    assert list(tmp_path.iterdir()) == []


def test_every_file_names_what_is_blocked(tmp_path):
    protection(tmp_path, EVIL).apply(NOW, dry_run=False)
    assert all("evil.example" in text for text in texts(tmp_path).values())
    assert len(texts(tmp_path)) == 3


def test_a_file_that_says_the_same_is_not_touched_at_any_hour(tmp_path):
    """A zone's serial is a time: it alone must not wake the name server every hour."""
    shields = msgspec.structs.replace(FILES, csv="")  # its column of times changes with this test's levels
    protection(tmp_path, EVIL, shields=shields).apply(NOW, dry_run=False)
    before = {path.name: path.stat() for path in (tmp_path / "out").iterdir()}
    for later in (1, HOUR, 30 * DAY):
        for change in protection(tmp_path, EVIL, shields=shields).apply(Instant(NOW + later), dry_run=False):
            assert not change.changes
    after = {path.name: path.stat() for path in (tmp_path / "out").iterdir()}
    assert {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in before.items()} == {
        name: (stat.st_ino, stat.st_mtime_ns) for name, stat in after.items()
    }


def serial(folder: Path) -> int:
    return int(texts(folder)["block.rpz"].split("hostmaster.localhost. ")[1].split()[0])


def test_every_change_of_a_zone_has_a_later_serial_even_within_one_second(tmp_path):
    """A secondary takes a zone again only when its serial grew: else what was erased would stay blocked there."""
    serials = []
    for number, values in enumerate([(EVIL,), (EVIL, BAD), (BAD,), (), (EVIL,)]):
        protection(tmp_path, *values).apply(Instant(NOW + number), dry_run=False)
        serials.append(serial(tmp_path))
    assert serials == sorted(set(serials))


def test_a_clock_that_went_back_does_not_take_the_serial_back(tmp_path):
    protection(tmp_path, EVIL).apply(NOW, dry_run=False)
    first = serial(tmp_path)
    protection(tmp_path, BAD).apply(Instant(NOW - DAY), dry_run=False)
    assert serial(tmp_path) > first


def test_whoever_reads_sees_the_old_file_or_the_new_one(tmp_path):
    protection(tmp_path, EVIL).apply(NOW, dry_run=False)
    path = tmp_path / "out" / "block.csv"
    with path.open() as reading:
        protection(tmp_path, BAD).apply(NOW, dry_run=False)
        assert "evil.example" in reading.read()
    assert "evil.example" not in path.read_text()
    assert sorted(one.name for one in path.parent.iterdir()) == ["block.csv", "block.rpz", "block.rules"]


def test_a_file_that_somebody_edited_is_put_right(tmp_path):
    protection(tmp_path, EVIL).apply(NOW, dry_run=False)
    path = tmp_path / "out" / "block.rules"
    path.write_text("pass ip any any <> any any (sid:1;)\n")
    (*_, change) = protection(tmp_path, EVIL).apply(NOW, dry_run=False)
    assert change.removed == ("pass ip any any <> any any (sid:1;)",)
    assert "pass" not in path.read_text()


def test_no_more_than_the_cap_and_the_newest_stay(tmp_path):
    values = [normalise(Kind.DOMAIN, f"evil-{number}.example") for number in range(5)]
    shields = msgspec.structs.replace(FILES, cap=3)
    (change, *_) = protection(tmp_path, *values, shields=shields).apply(NOW, dry_run=False)
    assert (change.values, change.written, change.beyond_cap) == (5, 3, 2)
    assert "evil-2.example" in texts(tmp_path)["block.csv"]
    assert "evil-3.example" not in texts(tmp_path)["block.csv"]


@pytest.mark.parametrize("what", ["a folder", "no right to read", "no right to write", "a file as a folder"])
def test_a_place_that_cannot_be_written_is_named_and_costs_nothing_else(tmp_path, what):
    place = tmp_path / "out"
    place.mkdir()
    (place / "block.csv").mkdir() if what == "a folder" else (place / "block.csv").write_text("old")
    shields = Shields(csv="out/block.csv")
    if what == "a file as a folder":
        shields = Shields(csv="out/block.csv/deeper/block.csv")
    if what.startswith("no right"):
        if os.geteuid() == 0:
            pytest.skip("Root may do everything: this test needs another user.")
        (place / "block.csv").chmod(0 if what == "no right to read" else 0o400)
        place.chmod(0o500)
    with pytest.raises(ConfigError, match=r"block\.csv"):
        protection(tmp_path, EVIL, shields=shields).apply(NOW, dry_run=False)
    place.chmod(0o700)


def test_many_values_cost_little_more_than_few(tmp_path):
    values = [Observable(Kind.DOMAIN, f"evil-{number}.example") for number in range(20_000)]
    shields = Shields(csv="out/block.csv", rpz="out/block.rpz")
    protection(tmp_path, *values[:-1], shields=shields).apply(NOW, dry_run=False)
    began = time.process_time()
    changes = protection(tmp_path, *values, shields=shields).apply(Instant(NOW + 1), dry_run=False)
    assert [len(change.added) for change in changes][1] == 3  # the serial, the name, and the names below it
    assert time.process_time() - began < 5


class Still:
    """Levels of which nothing changes, and a shield that counts how often it is asked for its file."""

    def __init__(self) -> None:
        self.list = Fixed(EVIL).blocked(NOW)
        self.rendered = 0

    def blocked(self, now: Instant) -> list[Blocked]:
        return self.list

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        self.rendered += bool(blocked)
        return CsvShield().render(blocked, now)


@pytest.fixture
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Still, Protection]:
    levels = Still()
    (one,) = named_in(tmp_path, Shields(csv="out/block.csv"))
    shield = CsvShield()
    monkeypatch.setattr(shield, "render", levels.render)
    one = msgspec.structs.replace(one, shield=shield)
    return levels, Protection(levels, [one], tmp_path, all_on, BOX)  # type: ignore[arg-type]


def test_what_is_as_it_was_costs_nothing(still):
    levels, files = still
    assert files.apply(NOW, dry_run=False)[0].changes
    files.apply(NOW, dry_run=False)  # the first look at what stands there
    before = levels.rendered
    (change,) = files.apply(Instant(NOW + HOUR), dry_run=False)
    assert (change.values, change.written, change.changes) == (1, 1, False)
    assert levels.rendered == before


def test_what_is_as_it_was_is_put_right_when_somebody_edits_or_removes_it(still, tmp_path):
    _, files = still
    files.apply(NOW, dry_run=False)
    path = tmp_path / "out" / "block.csv"
    wanted = path.read_bytes()
    for spoil in (lambda: path.write_text("nothing\n"), path.unlink):
        spoil()
        assert files.apply(NOW, dry_run=False)[0].changes
        assert path.read_bytes() == wanted


def test_what_somebody_writes_just_behind_the_agent_is_put_right_too(still, tmp_path, monkeypatch):
    _, files = still
    path = tmp_path / "out" / "block.csv"
    bound = Generations.bound

    def meddling(self: Generations, now: Instant) -> None:
        """Somebody writes between the agent's own writing and the end of its look."""
        if path.exists():
            path.write_text("nothing\n")
        bound(self, now)

    with monkeypatch.context() as patch:
        patch.setattr(Generations, "bound", meddling)
        files.apply(NOW, dry_run=False)
    assert files.apply(NOW, dry_run=False)[0].changes
    assert b"evil.example" in path.read_bytes()


async def test_a_value_leaves_every_file_when_it_is_taken_back_or_expires(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        fact = await one.report(EVIL, BAD)
        await two.report(EVIL)
        await sight(two, BAD)
        await alliance.settled()
        files = written(reader)
        assert all("evil.example" in text and "bad.example" in text for text in files.values())
        await erase(one, fact)
        await alliance.settled()
        assert not any("evil.example" in text or "bad.example" in text for text in written(reader).values())
        await one.report(EVIL)
        await alliance.settled()
        assert all("evil.example" in text for text in written(reader).values())
        alliance.clock.advance(31 * DAY)
        assert not any("evil.example" in text for text in written(reader).values())


def written(agent: Agent) -> dict[str, str]:
    """The agent's files, brought up to date."""
    Protection(agent.levels(), named_in(agent.house.folder, FILES), agent.house.folder, all_on, BOX).apply(
        agent.clock.now(), dry_run=False
    )
    return texts(agent.house.folder)


def test_a_file_is_the_agents_groups_until_an_operator_says_otherwise(tmp_path):
    protection(tmp_path, EVIL).apply(NOW, dry_run=False)
    place = tmp_path / "out" / "block.csv"
    assert place.stat().st_mode & 0o777 == 0o640
    place.chmod(0o644)
    protection(tmp_path, EVIL, BAD).apply(NOW, dry_run=False)
    assert place.stat().st_mode & 0o777 == 0o644


def test_a_link_in_the_way_is_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "block.csv.new").symlink_to(precious)
    protection(tmp_path, EVIL).apply(NOW, dry_run=False)
    assert precious.read_text() == "precious"
    assert "evil.example" in texts(tmp_path)["block.csv"]
