# SPDX-License-Identifier: Apache-2.0
"""The door of the console over HTTP: cookies as the browser sees them, addresses as a proxy tells them, rights."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.unit.agent.people.authenticator import Authenticator
from tests.unit.agent.people.house import (
    CLIENT,
    PASSWORD,
    another,
    first,
    people_in,
    seed_of,
    wait,
    with_settings,
)

from tocsin.agent.house import House
from tocsin.agent.people import backoff, links, totp
from tocsin.agent.people.door import BY_ITSELF, Door
from tocsin.agent.people.enrolling import Chosen, open_link
from tocsin.agent.people.passkeys import add, begin, begin_adding
from tocsin.agent.people.person import Role
from tocsin.agent.people.rights import Action
from tocsin.agent.people.sessions import limits_of, sessions
from tocsin.clock import SECOND
from tocsin.config.listen import Listen
from tocsin.config.sign_in import SignIn
from tocsin.domain import party
from tocsin.web.answers import EXCEPTION_HANDLERS

ORIGIN = "https://tocsin.ayr.example"
BEHIND_PROXY = Listen(behind_tls_proxy=True)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr") as made:
        yield made


def application(house: House, listen: Listen) -> Starlette:
    """Pages without pages: each address calls one thing of the door."""
    door = Door(house, listen)

    async def sign_in(request: Request) -> Response:
        """The form of a page."""
        form = await request.json()
        opened = await door.sign_in(request, form["name"], form["password"], form["code"])
        return door.let_in(Response(), opened)

    async def again(request: Request) -> Response:
        """The form over a page that asks once more."""
        form = await request.json()
        return door.let_in(Response(), await door.sign_in_again(request, form["password"], form["code"]))

    async def redeem(request: Request) -> Response:
        """The form of a link's page."""
        form = await request.json()
        chosen = Chosen(form["name"], form["password"], form["code"])
        enrolled = await door.redeem(request, form["link"], form["ticket"], chosen)
        return door.let_in(Response(), enrolled.opened)

    async def sign_out(request: Request) -> Response:
        """A button."""
        return door.sign_out(request, Response())

    async def who(request: Request) -> Response:
        """Any page."""
        session = door.who(request)
        return JSONResponse({"name": session.person.name, "address": session.client.address})

    async def approve(request: Request) -> Response:
        """A page that not everybody may use."""
        return JSONResponse({"by": door.allowed(request, Action.APPROVE, party.Role.BANK).person.name})

    async def passkey(request: Request) -> Response:
        """A script of the sign-in page."""
        form = await request.json()
        return door.let_in(Response(), door.passkey(request, form["ticket"], form["answer"]))

    async def password(request: Request) -> Response:
        """The form of a new password."""
        await door.change_password(request, (await request.json())["password"])
        return Response()

    async def own(request: Request) -> Response:
        """The page of one's own ways in."""
        return JSONResponse({"name": door.proved(request).person.name})

    routes = [
        Route("/passkey", passkey, methods=["POST"]),
        Route("/own", own),
        Route("/password", password, methods=["POST"]),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/again", again, methods=["POST"]),
        Route("/first", redeem, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/who", who),
        Route("/approve", approve, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes, exception_handlers=dict(EXCEPTION_HANDLERS))


def browser(
    house: House, listen: Listen = BEHIND_PROXY, base: str = "https://tocsin.ayr.example"
) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(house, listen))
    return httpx.AsyncClient(transport=transport, base_url=base, headers={"X-Forwarded-For": CLIENT.address})


async def test_a_cookie_is_for_this_host_over_tls_unseen_by_scripts_and_other_sites(house: House) -> None:
    ada = first(house)
    async with browser(house) as one:
        answer = await one.post("/sign-in", json=_typed(ada.attempt()))
        name, _, attributes = answer.headers["set-cookie"].partition("=")
        assert name == "__Host-tocsin"
        told = {part.strip().lower() for part in attributes.split(";")[1:]}
        assert told == {"httponly", "secure", "samesite=strict", "path=/", "max-age=43200"}
        assert (await one.get("/who")).json() == {"name": "Ada Example", "address": CLIENT.address}


async def test_a_session_that_was_planted_before_is_not_the_one_that_signs_in(house: House) -> None:
    """Fixation: whoever put a cookie into the browser, their own or a made-up one, has nothing after its sign-in."""
    ada = first(house)
    eve = another(house, "Eve Example", Role.ANALYST)
    planted = eve.comes_in().token
    for token in (planted, "A" * 43):
        async with browser(house) as one:
            one.cookies.set("__Host-tocsin", token, domain="tocsin.ayr.example", path="/")
            answer = await one.post("/sign-in", json=_typed(ada.attempt()))
            assert answer.cookies["__Host-tocsin"] not in (planted, token)
        async with browser(house) as other:
            other.cookies.set("__Host-tocsin", token, domain="tocsin.ayr.example", path="/")
            assert (await other.get("/who")).status_code == 401
        wait(house, totp.STEP_SECONDS * SECOND)


async def test_signing_in_again_keeps_one_session_and_is_a_sign_in_of_now(house: House) -> None:
    ada = first(house)
    async with browser(house) as one:
        await one.post("/sign-in", json=_typed(ada.attempt()))
        before = len(sessions(house, ada.id))
        assert (await one.post("/approve")).json() == {"by": "Ada Example"}
        wait(house, limits_of(house.config.sign_in).recent)
        refused = await one.post("/approve")
        assert (refused.status_code, refused.json()["type"]) == (401, "tag:tocsin,2026:problem/sign-in-again")
        assert (await one.get("/approve")).status_code == 200, "looking is no step"
        await one.post("/again", json={"password": PASSWORD, "code": ada.telephone()})
        assert (await one.post("/approve")).status_code == 200
        assert len(sessions(house, ada.id)) == before


async def test_signing_out_is_here_and_in_the_browser(house: House) -> None:
    ada = first(house)
    async with browser(house) as one:
        await one.post("/sign-in", json=_typed(ada.attempt()))
        await one.post("/sign-out")
        assert not one.cookies
        refused = await one.get("/who")
        assert (refused.status_code, refused.json()["type"]) == (401, "tag:tocsin,2026:problem/not-signed-in")


async def test_an_open_page_that_reads_itself_again_keeps_nobody_signed_in(house: House) -> None:
    ada, idle = first(house), limits_of(house.config.sign_in).idle
    async with browser(house) as one:
        await one.post("/sign-in", json=_typed(ada.attempt()))
        for _ in range(9):
            wait(house, idle // 10)
            assert (await one.get("/who", headers={BY_ITSELF: "1"})).status_code == 200
        wait(house, idle // 10)
        assert (await one.get("/who", headers={BY_ITSELF: "1"})).status_code == 401


async def test_a_right_is_asked_for_before_anything_else(house: House) -> None:
    first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    async with browser(house) as one:
        assert (await one.post("/approve")).status_code == 401
        await one.post("/sign-in", json=_typed(bo.attempt()))
        refused = await one.post("/approve")
        assert refused.status_code == 403
        assert "role approver" in refused.json()["detail"]


async def test_a_link_lets_its_person_in(house: House) -> None:
    issued = links.first_link(house)
    assert issued is not None
    offer = open_link(house, issued.code)
    shown = totp.code_at(seed_of(offer.seed), totp.step_of(house.clock.now()))
    form = {
        "name": "Ada Example",
        "password": PASSWORD,
        "code": shown,
        "link": issued.code,
        "ticket": offer.ticket,
    }
    async with browser(house) as one:
        await one.post("/first", json=form)
        assert (await one.get("/who")).json()["name"] == "Ada Example"
        assert (await one.post("/first", json=form)).json()["type"] == "tag:tocsin,2026:problem/link-spent"


async def test_a_passkey_is_a_sign_in_of_now_in_place_of_the_session_before(house: House) -> None:
    house, ada = with_settings(house, SignIn(origin=ORIGIN)), first(house)
    begun, key = begin_adding(house, ada.id), Authenticator(ORIGIN)
    add(house, ada.id, begun.ticket, key.make(begun), "laptop")
    async with browser(house) as one:
        await one.post("/sign-in", json=_typed(ada.attempt()))
        before = len(sessions(house, ada.id))
        wait(house, limits_of(house.config.sign_in).recent)
        assert (await one.get("/own")).status_code == 401
        begun = begin(house)
        await one.post("/passkey", json={"ticket": begun.ticket, "answer": key.sign(begun)})
        assert (await one.get("/own")).json() == {"name": "Ada Example"}
        assert len(sessions(house, ada.id)) == before


async def test_a_new_password_is_for_whoever_signed_in_a_moment_ago(house: House) -> None:
    ada, new = first(house), "another bell, another river"
    async with browser(house) as one:
        await one.post("/sign-in", json=_typed(ada.attempt()))
        assert (await one.post("/password", json={"password": "short"})).status_code == 400
        assert (await one.post("/password", json={"password": new})).status_code == 200
        wait(house, limits_of(house.config.sign_in).recent)
        assert (await one.post("/password", json={"password": new})).status_code == 401
    ada.comes_in(password=new)


@pytest.mark.parametrize("lines", [1, 2])
async def test_only_the_proxys_own_word_for_an_address_counts(house: House, lines: int) -> None:
    """nginx adds it to what the client wrote, HAProxy on a line of its own."""
    ada = first(house)
    async with browser(house) as one:
        for number in range(backoff.ADDRESS.free):
            words = [f"198.51.100.{number}", "192.0.2.66"]
            told = [", ".join(words)] if lines == 1 else words
            spoofed = [("X-Forwarded-For", word) for word in told]
            await one.post("/sign-in", json={"name": "x", "password": "", "code": ""}, headers=spoofed)
        refused = await one.post(
            "/sign-in", json=_typed(ada.attempt()), headers={"X-Forwarded-For": "192.0.2.66"}
        )
        assert refused.status_code == 429
        assert (await one.post("/sign-in", json=_typed(ada.attempt()))).status_code == 200


async def test_a_crowd_waits_and_its_end_is_sent_away(house: House) -> None:
    first(house)
    form = {"name": "nobody", "password": "x", "code": ""}
    async with browser(house) as one:
        tries = [
            one.post("/sign-in", json=form, headers={"X-Forwarded-For": f"198.51.100.{number}"})
            for number in range(60)
        ]
        answers = await asyncio.gather(*tries)
    assert {answer.status_code for answer in answers} == {401, 429}


def _typed(attempt: object) -> dict[str, str]:
    return {name: getattr(attempt, name) for name in ("name", "password", "code")}
