# SPDX-License-Identifier: Apache-2.0
"""A hunt goes on where it was broken off, hunts news without hunting everything again, and keeps no line of a log."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.looking import bytes_of
from tests.unit.agent.collecting.houses import house_in

from tocsin.agent.house import House
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.found import Found, Hunted
from tocsin.agent.hunting.ledger import Here
from tocsin.agent.hunting.past import AGENT, Log, Past, logs_in
from tocsin.agent.hunting.telling import hits
from tocsin.clock import DAY, Instant
from tocsin.config.agent import Hunting
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import UsageError
from tocsin.storage.store import Params

EVIL, BAD = normalise(Kind.DOMAIN, "evil.example"), normalise(Kind.IPV4, "192.0.2.7")
WHEN = Instant(1_790_000_000_000_000)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr") as made:
        yield made


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "logs"
    (place / "deep").mkdir(parents=True)
    for name in ("a.log", "deep/b.log"):
        (place / name).write_text("x evil.example\n")
    return place


def posted(house: House, *values: Observable) -> None:
    """As if entries named them."""
    for seq, value in enumerate(values):
        row: Params = {
            "value": str(value), "stream": "members", "seq": seq, "fact": "rpt_1", "kind": "named",
            "may_block": 1, "since": WHEN, "expires": WHEN + 3_000 * DAY,
        }  # fmt: skip
        house.store.run("post", lambda tx, row=row: tx.run("post", row))


def found(value: Observable, lines: int = 1, machine: str = "10.0.0.1") -> Found:
    return Found(value, lines, WHEN, WHEN, (machine,), (), exact=True)


def todo(past: Past) -> dict[str, set[Observable]]:
    return {Path(log.path).name: set(task.values) for task in past.tasks for log in task.logs}


def through(past: Past) -> None:
    for task in past.tasks:
        for log in task.logs:
            past.keep(log, Hunted(lines=1))
    past.end()


def here(house: House) -> list[Here]:
    with house.store.reading("test") as tx:
        return ledger.found_here(tx, house.vault.box)


def test_every_log_is_hunted_through_once_for_each_value(house: House, logs: Path) -> None:
    posted(house, EVIL, BAD)
    first = Past(house, [EVIL], [logs], "ada")
    assert todo(first) == {"a.log": {EVIL}, "b.log": {EVIL}}
    through(first)
    assert todo(Past(house, [EVIL], [logs], "ada")) == {}
    assert todo(Past(house, [EVIL, BAD], [logs], "ada")) == {"a.log": {BAD}, "b.log": {BAD}}


def test_a_hunt_that_was_broken_off_goes_on_where_it_was(house: House, logs: Path) -> None:
    posted(house, EVIL, BAD)
    first = Past(house, [EVIL], [logs], "ada")
    first.keep(first.tasks[0].logs[0], Hunted())
    done = Path(first.tasks[0].logs[0].path).name
    second = Past(house, [EVIL], [logs], "ada")
    assert set(todo(second)) == {"a.log", "b.log"} - {done}
    assert (second.hunt.skipped, second.hunt.logs) == (1, 2)
    third = Past(house, [EVIL, BAD], [logs], "ada")
    assert todo(third)[done] == {BAD}
    assert set(map(frozenset, todo(third).values())) == {frozenset({BAD}), frozenset({EVIL, BAD})}


def test_a_log_that_has_changed_is_hunted_through_for_everything(house: House, logs: Path) -> None:
    posted(house, EVIL)
    through(Past(house, [EVIL], [logs], "ada"))
    (logs / "a.log").write_text("more than before\n")
    assert todo(Past(house, [EVIL], [logs], "ada")) == {"a.log": {EVIL}}


def test_one_that_is_followed_live_only_for_news(house: House, logs: Path) -> None:
    posted(house, EVIL, BAD)
    hunting = Hunting(logs=(str(logs),), tail=(str(logs / "a.log"),))
    config = msgspec.structs.replace(house.config, hunt=hunting)
    house = msgspec.structs.replace(house, config=config)
    through(Past(house, [EVIL], [logs], AGENT))
    with (logs / "a.log").open("a") as file:
        file.write("more\n")
    assert todo(Past(house, [EVIL], [logs], AGENT)) == {}
    assert todo(Past(house, [EVIL, BAD], [logs], AGENT))["a.log"] == {BAD}


def test_a_value_that_was_forgotten_and_comes_back_is_hunted_again(house: House, logs: Path) -> None:
    posted(house, EVIL)
    through(Past(house, [EVIL], [logs], "ada"))
    house.store.run("erase", lambda tx: tx.run("erase_postings", {"stream": "members", "seq": 0}))
    through(Past(house, [], [logs], "ada"))
    posted(house, EVIL)
    assert todo(Past(house, [EVIL], [logs], "ada")) == {"a.log": {EVIL}, "b.log": {EVIL}}


def test_a_hunt_apart_marks_nothing_as_done(house: House, logs: Path) -> None:
    posted(house, EVIL)
    through(Past(house, [BAD], [logs], "ada", apart=True))
    assert set(todo(Past(house, [EVIL], [logs], "ada"))) == {"a.log", "b.log"}


def test_the_same_log_again_replaces_and_a_piece_adds(house: House) -> None:
    box = house.vault.box
    log = Log("/logs/a", 1, "stamp", follow=False)
    for lines in (5, 7):
        past = Past(house, [EVIL], [], "ada")
        past.keep(log, Hunted((found(EVIL, lines),)))
    assert [one.found.lines for one in here(house)] == [7]
    for machine in ("10.0.0.1", "10.0.0.2"):
        house.store.run(
            "live",
            lambda tx, machine=machine: ledger.keep_found(
                tx, box, "syslog", [found(EVIL, 2, machine)], WHEN, add=True
            ),
        )
    (live,) = [one for one in here(house) if one.log == "syslog"]
    assert (live.found.lines, live.found.machines) == (4, ("10.0.0.1", "10.0.0.2"))
    (hit,) = hits(house, {})
    assert (hit.found.lines, hit.logs, hit.level) == (11, ("/logs/a", "syslog"), "")


def test_what_was_found_is_sealed_and_forgotten_at_its_age(house: House) -> None:
    past = Past(house, [EVIL], [], "ada")
    past.keep(
        Log("/logs/hideout-log", 1, "stamp", follow=False), Hunted((found(EVIL, machine="hideout-pc"),))
    )
    data = bytes_of(house.folder, "agent.db")
    assert b"hideout" not in data
    now = house.clock.now()
    assert house.store.run("forget", lambda tx: ledger.forget(tx, now)) == 0
    assert house.store.run("forget", lambda tx: ledger.forget(tx, Instant(now + 1))) == 1
    assert here(house) == []


def test_links_and_hidden_files_in_a_folder_are_passed_over_and_a_named_link_is_not(logs: Path) -> None:
    (logs / ".hidden").write_text("x\n")
    (logs / "empty").write_text("")
    os.symlink(logs / "a.log", logs / "link")
    assert {Path(log.path).name for log in logs_in([logs])} == {"a.log", "b.log"}
    (named,) = logs_in([logs / "link"])
    assert named.follow
    with pytest.raises(UsageError):
        logs_in([logs / "nowhere"])
