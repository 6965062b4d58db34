# SPDX-License-Identifier: Apache-2.0
"""Tables of own assets: taken in once however often they are imported, and asked wherever `[own]` is."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.unit.agent.collecting.houses import house_in

from tocsin.agent.house import House
from tocsin.agent.journal import read
from tocsin.agent.own_tables import FOLDER, declared, difference, let_go, table_name, tables, take_in
from tocsin.agent.redaction.asset_table import MOST, Table, read_assets
from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.work import classifier
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import ConfigError, Malformed, TooLarge, Unknown

ROWS = b"kind,value,aliases\nname,Ayr Pay,\ndomain,ayr-pay.example,\nnetwork,198.51.100.0/24,\nstaff,Ada Example,\n"
PAY = normalise(Kind.DOMAIN, "login.ayr-pay.example")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr") as made:
        yield made


def knowing(house: House) -> House:
    """The house as the next command opens it."""
    own = declared(house.folder, house.config.own)
    return msgspec.structs.replace(house, config=msgspec.structs.replace(house.config, own=own))


def journal(house: House) -> list[tuple[str, str, str, str]]:
    with house.store.reading("journal") as tx:
        return [(line.by, line.what, line.about, line.why) for line in read(tx, house.vault.box)]


def test_the_same_table_again_changes_nothing_and_says_nothing(house: House) -> None:
    table = read_assets(ROWS)
    first = take_in(house, "cmdb.csv", table, "Ana")
    assert (len(first.more), first.fewer) == (4, ())
    again = take_in(house, "cmdb.csv", table, "Ana")
    assert (again.more, again.fewer) == ((), ())
    assert journal(house) == [("Ana", "imported own assets", "cmdb.csv", "4 more, 0 fewer")]
    assert [one.counts() for one in tables(house.folder)] == [
        {"aliases": 1, "domains": 1, "networks": 1, "staff": 1}
    ]


def test_a_newer_one_takes_its_place_and_others_stay(house: House) -> None:
    take_in(house, "cmdb.csv", read_assets(ROWS), "Ana")
    take_in(house, "staff.csv", read_assets(b"staff,Bo Example\n"), "Ana")
    newer = read_assets(ROWS.replace(b"ayr-pay", b"ayr-go"))
    expected = ((("domains", "ayr-go.example"),), (("domains", "ayr-pay.example"),))
    shown = difference(house.folder, "cmdb.csv", newer)
    assert (shown.more, shown.fewer) == expected
    assert "ayr-pay.example" in knowing(house).config.own.domains
    assert take_in(house, "cmdb.csv", newer, "Ana") == shown
    own = knowing(house).config.own
    assert own.domains == ("ayr.example", "ayr-go.example")
    assert own.staff == ("Ada Example", "Bo Example")


def test_a_table_can_be_let_go(house: House) -> None:
    take_in(house, "cmdb.csv", read_assets(ROWS), "Ana")
    assert len(let_go(house, "cmdb.csv", "Bo").fewer) == 4
    assert declared(house.folder, house.config.own) == house.config.own
    assert journal(house)[-1] == ("Bo", "forgot own assets", "cmdb.csv", "0 more, 4 fewer")
    with pytest.raises(Unknown, match="cmdb"):
        let_go(house, "cmdb.csv", "Bo")


def test_only_the_owner_can_read_it(house: House) -> None:
    take_in(house, "cmdb.csv", read_assets(ROWS), "Ana")
    assert (house.folder / FOLDER).stat().st_mode & 0o077 == 0
    assert (house.folder / FOLDER / "cmdb.csv").stat().st_mode & 0o077 == 0


def test_classifying_redacting_and_guarding_ask_it(house: House) -> None:
    take_in(house, "cmdb.csv", read_assets(ROWS), "Ana")
    known = knowing(house)
    door = classifier(known)
    verdict = door.kept_home(PAY)
    assert verdict is not None
    assert verdict.owner is Owner.OURS
    assert classifier(house).kept_home(PAY) is None
    guard = guard_for(known.config.own, door)
    assert guard(normalise(Kind.IPV4, "198.51.100.9")) == ("your own: 198.51.100.0/24",)
    text = redact_text("Ada Example of Ayr Pay saw evil.example", known.config.own).text
    assert "Ada" not in text
    assert "Ayr" not in text
    assert "evil.example" in text


def test_too_much_is_refused_whole(house: House) -> None:
    take_in(
        house, "a.csv", Table(tuple(("bic", f"AYRBGB2L{number:03}") for number in range(MOST["bic"]))), "Ana"
    )
    with pytest.raises(TooLarge):
        take_in(house, "b.csv", read_assets(b"bic,BUTEGB2L\n"), "Ana")
    assert [one.name for one in tables(house.folder)] == ["a.csv"]


def test_a_table_that_somebody_broke_is_named(house: House) -> None:
    take_in(house, "cmdb.csv", read_assets(ROWS), "Ana")
    (house.folder / FOLDER / "cmdb.csv").write_text("setting,value\ncolour,blue\n")
    with pytest.raises(ConfigError, match=r"cmdb\.csv"):
        declared(house.folder, house.config.own)


@pytest.mark.parametrize(("path", "name"), [("x/cmdb.csv", "cmdb.csv"), ("Own Assets.CSV", "Own Assets.csv")])
def test_a_table_is_called_after_its_file(path: str, name: str) -> None:
    assert table_name(Path(path)) == name


@pytest.mark.parametrize("path", ["..", "a\x07.csv", "x" * 101 + ".csv"], ids=["dots", "bell", "long"])
def test_some_files_cannot_name_a_table(path: str) -> None:
    with pytest.raises(Malformed):
        table_name(Path(path))
