# SPDX-License-Identifier: Apache-2.0
"""People come in by a real identity provider, npm's oidc-provider in a process of its own, with a browser's requests.

`make provider` puts it into the virtual environment, from a lock that names no registry.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.unit.agent.people.house import journal, people_in

from tocsin.agent.house import House
from tocsin.agent.people.door import Door
from tocsin.agent.people.oidc import BACK
from tocsin.agent.people.person import Role
from tocsin.agent.people.provided import provider_of
from tocsin.agent.people.sessions import sessions
from tocsin.clock import SystemClock
from tocsin.config.listen import Listen
from tocsin.config.sign_in import Group, Oidc, SignIn
from tocsin.web.answers import EXCEPTION_HANDLERS

pytestmark = pytest.mark.processes

ORIGIN = "https://tocsin.ayr.example"
SECRET = "quiet+bell/over=the river"
PROGRAM = Path(__file__).resolve().parents[2] / ".venv" / "provider"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not (PROGRAM / "node_modules" / "oidc-provider").is_dir():
        wanted = (
            os.environ.get("CI") == "true" and "provider" not in os.environ.get("TOCSIN_WITHOUT", "").split()
        )
        assert not wanted, "CI makes it"
        pytest.skip("no identity provider is here: apt install nodejs npm, then make provider")
    command = [node, "provider.mjs", f"{ORIGIN}{BACK}", SECRET]
    with subprocess.Popen(
        command, cwd=PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["issuer"]
        finally:
            process.stdin.close()
            process.wait(30)


@pytest.fixture
def house(tmp_path: Path, issuer: str) -> Iterator[House]:
    secret = tmp_path / "oidc-secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    groups = (Group("SOC-Analysts", ("analyst",)), Group("SOC-Approvers", ("approver",)))
    settings = Oidc(issuer, "tocsin", groups, client_secret_file=str(secret))
    with people_in(tmp_path / "ayr", SignIn(origin=ORIGIN)) as made:
        config = msgspec.structs.replace(made.config, oidc=settings)
        # The provider's clock is the machine's, and so is ours here.
        yield msgspec.structs.replace(made, config=config, clock=SystemClock())


class Browser:
    """Follows where it is sent, between the console in this process and the provider in its own."""

    def __init__(self, console: httpx.AsyncClient, web: httpx.AsyncClient) -> None:
        self.console, self._web = console, web

    async def sign_in(self, begin: str, login: str) -> httpx.Response:
        """From the console's link through the provider's forms to what the console says at the end."""
        answer = await self.console.get(begin)
        for _ in range(12):
            if answer.is_redirect:
                address = str(answer.url.join(answer.headers["location"]))
                if address.startswith(ORIGIN):
                    return await self.console.get(address)
                answer = await self._web.get(address)
                continue
            action, prompt = (
                re.search(rf'{name}="([^"]+)"', answer.text) for name in ("action", 'name="prompt" value')
            )
            assert action is not None, answer.text[:300]
            assert prompt is not None
            form = {"prompt": prompt[1], "login": login, "password": "any"}
            answer = await self._web.post(answer.url.join(action[1]), data=form)
        raise AssertionError("the provider leads nowhere")


@asynccontextmanager
async def browser(house: House) -> AsyncIterator[Browser]:
    async with provider_of(house, {}) as provider, httpx.AsyncClient(trust_env=False) as web:
        door = Door(house, Listen(behind_tls_proxy=True), provider)

        async def leave(request: Request) -> Response:
            """The link on the sign-in page."""
            return await door.to_provider(request, again=request.url.path.endswith("again"))

        async def back(request: Request) -> Response:
            """The page that goes on by itself."""
            opened = await door.back(request)
            return door.let_in(JSONResponse({"name": opened.person.name}), opened)

        async def who(request: Request) -> Response:
            """Any page."""
            session = door.who(request)
            return JSONResponse({"name": session.person.name, "proved": session.proved})

        routes = [
            Route("/sign-in/oidc", leave),
            Route("/sign-in/oidc/again", leave),
            Route(BACK, back),
            Route("/who", who),
        ]
        app = Starlette(routes=routes, exception_handlers=dict(EXCEPTION_HANDLERS))
        headers = {"X-Forwarded-For": "192.0.2.7"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as console:
            yield Browser(console, web)


async def test_an_analyst_comes_in_by_the_banks_own_provider_and_proves_it_again(house: House) -> None:
    async with browser(house) as one:
        assert (await one.sign_in("/sign-in/oidc", "ada")).json() == {"name": "Ada Example"}
        (first,) = sessions(house)
        assert first.person.roles == {Role.ANALYST, Role.APPROVER}
        assert (await one.console.get("/who")).json()["name"] == "Ada Example"
        assert (await one.sign_in("/sign-in/oidc/again", "ada")).json() == {"name": "Ada Example"}
        (again,) = sessions(house)
        assert again.handle != first.handle
        assert again.proved > 0
        assert [line[1] for line in journal(house)] == [
            "came by the identity provider",
            "signed in by identity provider",
            "signed in by identity provider",
        ]


async def test_whoever_is_in_no_group_that_counts_is_told_so(house: House) -> None:
    async with browser(house) as one:
        refused = await one.sign_in("/sign-in/oidc", "bo")
        assert refused.status_code == 403
        assert "no group" in refused.json()["detail"]
    assert sessions(house) == []


async def test_the_answer_of_the_provider_counts_once_and_in_its_own_browser(house: House) -> None:
    async with browser(house) as one, browser(house) as other:
        answer = await one.sign_in("/sign-in/oidc", "ada")
        address = str(answer.url)
        for whoever in (one, other):
            refused = await whoever.console.get(address)
            assert (refused.status_code, refused.json()["type"]) == (
                401,
                "tag:tocsin,2026:problem/sign-in-failed",
            )
    assert len(sessions(house)) == 1
