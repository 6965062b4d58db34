# SPDX-License-Identifier: Apache-2.0
"""A passkey in a real browser: Chromium's own WebAuthn with a virtual authenticator, against the product's door.

What `options` hold is what the browser takes, what it answers is what the product takes, and the cookie is kept.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from tests.unit.agent.people.house import first, people_in, with_settings

from tocsin.agent.house import House
from tocsin.agent.people.door import Door
from tocsin.agent.people.passkeys import add, begin, begin_adding
from tocsin.config.listen import Listen
from tocsin.config.sign_in import SignIn
from tocsin.web.answers import EXCEPTION_HANDLERS

pytestmark = pytest.mark.processes

playwright = pytest.importorskip("playwright.async_api", reason="no playwright is here to lead a browser")
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
SCRIPT = """async kind => {
  const begun = await (await fetch(`/begin/${kind}`, {method: 'POST'})).json();
  const ask = kind === 'add'
    ? navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(begun.options)})
    : navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(begun.options)});
  const body = JSON.stringify({ticket: begun.ticket, answer: (await ask).toJSON()});
  return (await fetch(`/end/${kind}`, {method: 'POST', body})).text();
}"""


def application(house: House, person: str) -> Starlette:
    """The addresses that a page's script asks."""
    door = Door(house, Listen())

    async def page(request: Request) -> Response:
        """Something to stand on."""
        return HTMLResponse("<title>door</title>")

    async def asked(request: Request) -> Response:
        """The first half."""
        begun = begin_adding(house, person) if request.path_params["kind"] == "add" else begin(house)
        return Response(msgspec.json.encode(begun), media_type="application/json")

    async def answered(request: Request) -> Response:
        """The second half."""
        given = await request.json()
        if request.path_params["kind"] == "add":
            add(house, person, given["ticket"], given["answer"], "laptop")
            return PlainTextResponse("kept")
        opened = door.passkey(request, given["ticket"], given["answer"])
        return door.let_in(PlainTextResponse(opened.person.name), opened)

    async def who(request: Request) -> Response:
        """Any page."""
        return PlainTextResponse(door.who(request).person.name)

    routes = [
        Route("/", page),
        Route("/who", who),
        Route("/begin/{kind}", asked, methods=["POST"]),
        Route("/end/{kind}", answered, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers=dict(EXCEPTION_HANDLERS))


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The door on a port of loopback; a relying party is a name, and localhost is one."""
    ada = first(house)
    config = uvicorn.Config(Starlette(), host="127.0.0.1", port=0, log_config=None, lifespan="off")
    with config.bind_socket() as place:
        origin = f"http://localhost:{place.getsockname()[1]}"
        config.app = application(with_settings(house, SignIn(origin=origin)), ada.id)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[place]))
        try:
            yield origin
        finally:
            server.should_exit = True
            await serving


async def test_a_key_that_a_browser_made_lets_its_person_in(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium is here: apt install chromium")
    flags = [
        "--no-sandbox",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    ]
    with people_in(tmp_path / "ayr") as house:
        async with served(house) as origin, playwright.async_playwright() as play:
            browser = await play.chromium.launch(executable_path=chromium, args=flags)
            try:
                page: Any = await browser.new_page()
                await page.goto(origin)
                devtools = await page.context.new_cdp_session(page)
                await devtools.send("WebAuthn.enable")
                await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
                assert await page.evaluate(SCRIPT, "add") == "kept"
                assert await page.evaluate(SCRIPT, "come in") == "Ada Example"
                await page.goto(f"{origin}/who")
                assert await page.inner_text("body") == "Ada Example"
            finally:
                await browser.close()
