# SPDX-License-Identifier: Apache-2.0
"""The entrance: a one-time link is taken with a passkey where passwords let nobody in."""

import json
from contextlib import nullcontext
from pathlib import Path

import httpx
import msgspec
from lxml import html
from tests.alliance import Alliance
from tests.unit.agent.people.authenticator import Authenticator

from tocsin.agent.console.app import Console
from tocsin.agent.console.entrance import Entrance
from tocsin.agent.console.office import Office
from tocsin.agent.people import links
from tocsin.agent.people.administering import people
from tocsin.agent.people.door import COOKIE, Door
from tocsin.agent.people.passkeys import Begun
from tocsin.agent.readers.process import ReaderChild
from tocsin.config.console import Console as Settings
from tocsin.config.sign_in import SignIn
from tocsin.domain.party import Role

ORIGIN = "https://localhost"


async def test_the_first_one_comes_in_by_a_passkey_alone(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        house = (await alliance.join("ayr", follow=False)).house
        sign_in = SignIn(origin=ORIGIN, passwords=False)
        config = msgspec.structs.replace(house.config, sign_in=sign_in)
        house = msgspec.structs.replace(house, config=config)
        issued = links.first_link(house)
        assert issued is not None
        path = links.path(issued.code)
        async with Office(lambda: nullcontext(house), lambda: None) as office:
            console = Console(office, ReaderChild(), Door(house, Settings()), Role.BANK, {"localhost"})
            transport = httpx.ASGITransport(console.application(*Entrance(console).routes()))
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
                asked = html.fromstring((await http.get(path)).text)
                assert asked.xpath("//input[@type='password']") == []
                assert asked.xpath("//form[@data-passkey]") == [], "the authenticator is told whose key it is"
                page = html.fromstring((await http.get(path, params={"name": "Ada Example"})).text)
                (form,) = page.xpath("//form[@data-passkey='create']")
                fields = {one.get("name"): one.get("value", "") for one in form.xpath(".//input")}
                begun = Begun(msgspec.Raw(form.get("data-options").encode()), fields["begun"])
                fields |= {"label": "laptop", "answer": json.dumps(Authenticator(ORIGIN).make(begun))}
                went = await http.post(form.get("action"), data=fields, headers={"origin": ORIGIN})
                assert (went.status_code, went.headers["location"]) == (303, "/")
                assert COOKIE in went.cookies
        assert [(one.name, one.ways) for one in people(house)] == [("Ada Example", ("1 passkey",))]
