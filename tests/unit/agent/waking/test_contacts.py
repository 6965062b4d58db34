# SPDX-License-Identifier: Apache-2.0
"""Whom to call: kept sealed, shown in order, on a page that is read without a machine, and in no log."""

import logging
from pathlib import Path

import pytest
from tests.alliance import Alliance
from tests.looking import bytes_of

from tocsin.agent.house import House
from tocsin.agent.journal import read
from tocsin.agent.waking.contacts import WIDTH, Contact, Kind, contacts, keep, new_contact, page, remove
from tocsin.errors import Malformed, Unknown

PHONE = "+44 20 7946 0999"


def kept(house: House, kind: Kind = Kind.MEMBER, name: str = "Clyde Bank plc", **changes: object) -> Contact:
    words = {
        "who": "SOC duty",
        "phones": (PHONE,),
        "mails": (),
        "hours": "24x7",
        "agreed": "form of 2 November",
    }
    made = new_contact(house.entropy, house.clock.now(), kind, name, **{**words, **changes})  # type: ignore[arg-type]
    keep(house, made, "Ann")
    return made


async def test_they_are_shown_by_what_they_are_to_this_party(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        house = (await alliance.join("ayr", follow=False)).house
        made = [kept(house, kind, f"{kind} name") for kind in reversed(Kind)]
        assert contacts(house) == list(reversed(made))
        remove(house, made[0].id, "Bo")
        assert made[0] not in contacts(house)
        with pytest.raises(Unknown, match="no contact"):
            remove(house, made[0].id, "Bo")


async def test_numbers_are_sealed_and_in_neither_journal_nor_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Alliance(tmp_path) as alliance:
        house = (await alliance.join("ayr", follow=False)).house
        made = kept(house, mails=("planted@clyde.example",))
        with house.store.reading("journal") as tx:
            (line,) = [one for one in read(tx, house.vault.box) if "contact" in one.what]
        assert (line.by, line.what, line.about) == ("Ann", "kept a contact: member", made.id)
        stored = bytes_of(house.folder, "agent.db")
        for secret in (PHONE, "planted@clyde.example", "Clyde Bank"):
            assert secret.encode() not in stored
            assert secret not in caplog.text
            assert secret not in repr(line)


async def test_the_page_has_every_number_and_every_member_of_whom_none_is_known(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        house = (await alliance.join("ayr", follow=False)).house
        kept(house, Kind.ALLIANCE, "City Alliance desk", phones=(PHONE, "+44 20 7946 0100"))
        kept(house, Kind.POLICE, "x" * 200)
        text = page(contacts(house), ("Dun Bank plc",), house.clock.now())
        assert text.startswith("WHOM TO CALL\nas of 2026-11-21 08:30 UTC\n")
        assert "+44 20 7946 0100" in text
        assert "NO NUMBER IS KNOWN OF\n    Dun Bank plc" in text
        assert max(map(len, text.splitlines())) <= WIDTH
        assert "x" * 200 in text.replace("\n", "").replace(" ", "")
        assert "never one from a message" in text


@pytest.mark.parametrize(
    "changes",
    [{"phones": ()}, {"who": " "}, {"agreed": ""}, {"phones": ("1\n2",)}, {"hours": "x" * 201}],
    ids=["no way", "nobody", "not agreed", "two lines", "long"],
)
async def test_a_contact_that_helps_nobody_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    async with Alliance(tmp_path) as alliance:
        house = (await alliance.join("ayr", follow=False)).house
        with pytest.raises(Malformed):
            kept(house, **changes)
        assert contacts(house) == []
