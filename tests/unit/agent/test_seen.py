# SPDX-License-Identifier: Apache-2.0
"""A file that was looked at is recognised by its bytes, for the same use only, and never without the vault's key."""

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from tests.looking import bytes_of, change
from tests.unit.agent.collecting.houses import OWN, house_in, phish

from tocsin.agent.house import House
from tocsin.agent.seen import Came, Seen, reporting

CAME = Came(("rpt_1f0c2a645a3b4c8e9b1d0123456789ab",))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr") as made:
        yield made


def keep(house: House, seen: Seen, data: bytes, came: Came = CAME) -> None:
    house.store.run("keep", lambda tx: seen.keep(tx, seen.mark(BytesIO(data)), came))


def test_a_file_is_recognised_with_what_came_of_it(house: House) -> None:
    seen = Seen(house, "a")
    assert seen.came_of(seen.mark(BytesIO(phish(1)))) is None
    keep(house, seen, phish(1))
    keep(house, seen, phish(2), Came())
    assert seen.came_of(seen.mark(BytesIO(phish(1)))) == CAME
    assert seen.came_of(seen.mark(BytesIO(phish(2)))) == Came()
    assert seen.came_of(seen.mark(BytesIO(phish(3)))) is None


def test_what_came_of_it_later_takes_the_place(house: House) -> None:
    seen = Seen(house, "a")
    keep(house, seen, b"x", Came())
    keep(house, seen, b"x")
    assert seen.came_of(seen.mark(BytesIO(b"x"))) == CAME


def test_another_use_is_another_look(house: House) -> None:
    keep(house, Seen(house, "a"), b"x")
    other = Seen(house, "b")
    assert other.came_of(other.mark(BytesIO(b"x"))) is None


def test_the_disk_tells_neither_the_file_nor_what_came_of_it(house: House) -> None:
    keep(house, Seen(house, "a"), phish(1))
    held = bytes_of(house.folder, "agent.db")
    digest = sha256(phish(1))
    for told in (digest.digest(), digest.hexdigest().encode(), CAME.reports[0].encode()):
        assert told not in held


def test_only_the_newest_million_are_kept(house: House) -> None:
    seen = Seen(house, "a")
    for number in range(3):
        keep(house, seen, bytes([number]))
    change(house.folder / "agent.db", "UPDATE seen SET rowid = rowid + 1000000 WHERE rowid > 2")
    keep(house, seen, b"next")
    marks = map(seen.mark, map(BytesIO, (bytes([0]), bytes([1]), bytes([2]), b"next")))
    assert [seen.came_of(mark) is not None for mark in marks] == [False, False, True, True]


def test_what_decides_is_part_of_the_use(house: House, tmp_path: Path) -> None:
    uses = [reporting(house), reporting(house, "members"), reporting(house, "members", "TLP:AMBER")]
    with house_in(tmp_path / "bute", own=msgspec.structs.replace(OWN, aliases=("Ayrshire",))) as other:
        uses.append(reporting(other, "members"))
        (other.folder / "warninglists").mkdir()
        (other.folder / "warninglists" / "list.json").write_text("{}")
        uses.append(reporting(other, "members"))
    assert len(set(uses)) == len(uses)
    assert reporting(house, "members") == uses[1]
