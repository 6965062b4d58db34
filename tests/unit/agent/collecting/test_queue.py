# SPDX-License-Identifier: Apache-2.0
"""What was collected waits, sealed, in its order, until somebody decides; and there is an end to how much waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.looking import bytes_of
from tests.unit.agent.collecting.houses import house_in, phish

from tocsin.agent.collecting import queue as module
from tocsin.agent.collecting.queue import About, Queue
from tocsin.agent.house import House
from tocsin.agent.journal import read
from tocsin.errors import Conflict, Malformed, Unknown

ABOUT = About("folder planted-place", "planted-name.eml", "planted-subject", 3)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr") as made:
        yield made


def add(house: House, data: bytes, about: About = ABOUT) -> str:
    house.clock.advance(1)
    return house.store.run("add", lambda tx: Queue(house).add(tx, about, data))


def test_what_waits_is_listed_oldest_first_and_given_byte_for_byte(house: House) -> None:
    items = [add(house, phish(number)) for number in range(3)]
    waiting = Queue(house).waiting()
    assert [item.id for item in waiting] == items
    assert [(item.size, item.about) for item in waiting] == [(len(phish(n)), ABOUT) for n in range(3)]
    assert [Queue(house).file(item) for item in items] == [phish(number) for number in range(3)]
    assert Queue(house).size() == 3


def test_the_disk_tells_nothing_of_what_waits(house: House) -> None:
    add(house, phish(1))
    held = bytes_of(house.folder, "agent.db")
    for word in (b"planted", b"phisher", b"jane.doe", b"login.phish"):
        assert word not in held, word


def test_what_is_settled_waits_no_more(house: House) -> None:
    first, second = add(house, b"a"), add(house, b"b")
    Queue(house).settle(first)
    Queue(house).settle(first)
    assert [item.id for item in Queue(house).waiting()] == [second]
    with pytest.raises(Unknown, match="reported or dropped"):
        Queue(house).file(first)


def test_who_drops_what_stands_in_the_journal_once(house: House) -> None:
    first, second = add(house, b"a"), add(house, b"b")
    assert Queue(house).drop([first, second], "Jane") == 2
    assert Queue(house).drop([first], "Jane") == 0
    with house.store.reading("journal") as tx:
        told = [(one.by, one.what, one.about) for one in read(tx, house.vault.box)]
    assert told == [("Jane", "dropped a collected file", item) for item in (first, second)]


def test_an_identifier_is_known_by_its_first_digits(house: House) -> None:
    item = add(house, b"a")
    assert Queue(house).whole(item[:12]) == item
    with pytest.raises(Malformed):
        Queue(house).whole("col_1")
    with pytest.raises(Unknown):
        Queue(house).whole("col_00000000")


def test_no_more_is_taken_than_people_can_look_at(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ITEMS", 2)
    Queue(house).demand_room()
    add(house, b"a")
    Queue(house).demand_room()
    add(house, b"b")
    with pytest.raises(Conflict, match="2 files") as refusal:
        Queue(house).demand_room()
    assert "tocsin agent collected" in refusal.value.next_step


def test_no_more_is_taken_than_the_disk_is_meant_to_hold(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILE", 100)
    monkeypatch.setattr(module, "MAX_BYTES", 250)
    add(house, bytes(150))
    Queue(house).demand_room()
    add(house, bytes(1))
    with pytest.raises(Conflict):
        Queue(house).demand_room()
