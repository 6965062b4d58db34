# SPDX-License-Identifier: Apache-2.0
"""The console's addresses: what goes wrong in them is a page that is guarded as every other."""

from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.alliance import Alliance

from tocsin.agent.console.app import Console
from tocsin.agent.console.office import Office
from tocsin.agent.people.door import Door
from tocsin.agent.readers.process import ReaderChild
from tocsin.config.console import Console as Settings
from tocsin.domain.party import Role
from tocsin.web.pages.headers import POLICY
from tocsin.web.pages.page import File


@pytest.mark.parametrize("referer", ["", "http://[", "https://localhost/cases"])
async def test_an_unforeseen_error_is_a_guarded_page_without_its_words(referer: str, tmp_path: Path) -> None:
    async def fault(request: Request) -> Response:
        """What nobody foresaw."""
        raise ValueError("planted-word")

    async def file(request: Request) -> Response:
        """Bytes under a name that somebody else chose."""
        return await console.shown(request, None, File('a"; filename="\u00e9\r\nX: y', b"x"))

    async with Alliance(tmp_path) as alliance:
        house = (await alliance.join("ayr", follow=False)).house
        async with Office(lambda: nullcontext(house), lambda: None) as office:
            console = Console(office, ReaderChild(), Door(house, Settings()), Role.BANK, {"localhost"})
            app = console.application(Route("/fault", fault), Route("/file", file))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as http:
                answer = await http.get("/fault", headers={"referer": referer})
                kept = await http.get("/file")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert "planted-word" not in answer.text
    named = "attachment; filename*=UTF-8''a%22%3B%20filename%3D%22%C3%A9%0D%0AX%3A%20y"
    assert kept.headers["content-disposition"] == named
