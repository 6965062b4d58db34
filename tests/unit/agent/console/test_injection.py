# SPDX-License-Identifier: Apache-2.0
"""Whatever an attacker writes stays text on every page: no element, no attribute and no address of theirs is there.

The pages are asked for as a browser asks, from the application itself over a bank's own store; what comes back is read
by a parser as forgiving as browsers are.
"""

from base64 import b32decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from email.message import EmailMessage
from pathlib import Path

import httpx
import msgspec
import pytest
from lxml import html
from tests.alliance import Agent, Alliance

from tocsin.agent.cases.facts import Noted
from tocsin.agent.console.app import ROOMS, Console
from tocsin.agent.console.entrance import Entrance
from tocsin.agent.console.office import Office
from tocsin.agent.people import enrolling, links, totp
from tocsin.agent.people.door import COOKIE, Door
from tocsin.agent.people.enrolling import Chosen
from tocsin.agent.people.sessions import Client
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.verbs.case import open_case
from tocsin.config.console import Console as Settings
from tocsin.config.shields import Shields
from tocsin.domain.party import Role
from tocsin.web.pages.forms import token_of

pytestmark = pytest.mark.processes
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% import os %}",
    "</title></textarea></pre><iframe src=//evil.example>",
    "<a href=https://evil.example>click</a>",
    "\u202egnp.exe <b>",
    "<style>*{display:none}</style>",
    "&lt;script&gt; &#x3c;script>",
)


def hostile_mail(payload: str) -> bytes:
    """A phish whose every free place holds it."""
    message = EmailMessage()
    message["From"] = f'"{payload.replace(chr(34), "")}" <alert@phisher-of-today.example>'
    message["To"] = "jane.doe@ayr.example"
    message["Subject"] = payload
    message.set_content(
        f"{payload}\nhttps://login.phish-of-today.example/confirm/{payload.split(maxsplit=1)[0]}\n"
    )
    message.add_alternative(
        f"<p>{payload}</p><a href='https://login.phish-of-today.example/'>{payload}</a>", "html"
    )
    message.add_attachment(payload.encode(), maintype="text", subtype="plain", filename=f"{payload[:60]}.txt")
    return message.as_bytes()


@asynccontextmanager
async def browser(agent: Agent) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody signed in, over the application itself."""
    house = agent.house
    door, told = Door(house, Settings()), []
    async with Office(lambda: nullcontext(house), lambda: told.append(1)) as office:
        with ReaderChild() as reader:
            console = Console(office, reader, door, Role.BANK, {"localhost"})
            app = console.application(*Entrance(console).routes())
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as http:
                http.cookies.set(COOKIE, signed_in(agent))
                yield http


def signed_in(agent: Agent) -> str:
    """The first person's session."""
    house = agent.house
    issued = links.first_link(house)
    assert issued is not None
    offer = enrolling.open_link(house, issued.code)
    seed = b32decode(offer.seed.replace(" ", "") + "=" * (-len(offer.seed.replace(" ", "")) % 8))
    code = totp.code_at(seed, totp.step_of(house.clock.now()))
    chosen = Chosen("Jane Doe", "seven quiet bells at noon", code)
    return enrolling.redeem(house, issued.code, offer.ticket, chosen, Client()).opened.token


@asynccontextmanager
async def bank(folder: Path) -> AsyncIterator[tuple[Agent, httpx.AsyncClient]]:
    async with Alliance(folder) as alliance:
        agent = await alliance.join("ayr", follow=False)
        config = msgspec.structs.replace(agent.house.config, shields=Shields(csv="block.csv"))
        agent.house = msgspec.structs.replace(agent.house, config=config)
        async with browser(agent) as http:
            yield agent, http


def demand_harmless(page: str, where: str) -> None:
    """Nothing but what our templates make."""
    tree = html.fromstring(page)
    scripts = tree.xpath("//script")
    assert [one.get("src", "").startswith("/static/") and not one.text for one in scripts] == [True], where
    assert tree.xpath("//iframe | //object | //embed | //style | //base | //video | //math") == [], where
    for one in tree.iter():
        for name, value in one.attrib.items():
            assert not name.lower().startswith("on"), f"{where}: {name}"
            assert name.lower() != "style", where
            if name in ("href", "src", "action", "formaction"):
                assert value[:1] in ("/", "#"), f"{where}: {value}"
                assert value[:2] != "//", f"{where}: {value}"
    assert "49" not in tree.text_content().split(), f"{where}: a template was evaluated"


async def post(http: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = token_of(http.cookies[COOKIE])
    return await http.post(path, data={"form": token, **fields}, headers={"origin": "https://localhost"})


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
async def test_what_an_attacker_wrote_stays_text_on_every_page(payload: str, tmp_path: Path) -> None:
    async with bank(tmp_path) as (agent, http):
        case = open_case(agent.house, payload, "Jane Doe", Noted(payload, agent.house.clock.now()))
        paths = [room.path for room in ROOMS if room.method == "GET" and "{" not in room.path]
        paths += [f"/cases/{case.id}", "/shields/csv", "/sign-in"]
        for kind, data in (
            ("draft", hostile_mail(payload)),
            ("collected", f"{payload} phish.example".encode()),
        ):
            given = await http.post(
                "/report",
                data={"form": token_of(http.cookies[COOKIE])},
                files={"files": (payload[:50] + ".eml", data)},
                headers={"origin": "https://localhost"},
            )
            assert given.status_code == 303, f"{kind}: {given.text}"
            paths.append(given.headers["location"])
        for path in paths:
            answer = await http.get(path, params={"q": payload, "value": f"url:{payload}", "to": payload})
            assert answer.status_code in (200, 403), f"{path}: {answer.status_code} {answer.text[-600:]}"
            demand_harmless(answer.text, path)
        for path in (
            f"/search?q={payload}",
            f"/indicator?value=domain:{payload}",
            f"/{payload}",
            f"/cases/{payload}",
        ):
            demand_harmless((await http.get(path)).text, path)


async def test_a_form_without_its_token_changes_nothing(tmp_path: Path) -> None:
    async with bank(tmp_path) as (agent, http):
        case = open_case(agent.house, "A case", "Jane Doe")
        place = f"/cases/{case.id}/note"
        refused = [
            await http.post(place, data={"text": "x"}, headers={"origin": "https://localhost"}),
            await http.post(
                place,
                data={"text": "x", "form": token_of(http.cookies[COOKIE])},
                headers={"origin": "https://evil.example"},
            ),
        ]
        assert [one.status_code for one in refused] == [403, 403]
        assert (await post(http, place, text="kept")).status_code == 303
        shown = (await http.get(f"/cases/{case.id}")).text
        assert "kept" in shown


async def test_nobody_looks_who_is_not_signed_in(tmp_path: Path) -> None:
    async with bank(tmp_path) as (_, http):
        http.cookies.clear()
        for room in ROOMS:
            path = room.path.replace("{", "").replace("}", "")
            answer = await http.request(room.method, path, headers={"origin": "https://localhost"})
            assert (answer.status_code, "/sign-in" in answer.headers.get("location", "")) in (
                (303, True),
                (401, False),
            )
        assert (await http.get("/live")).status_code in (303, 401)
