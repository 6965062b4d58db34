# SPDX-License-Identifier: Apache-2.0
"""The page kit: words, headers, files with their digest, and the pulse that tells of changes."""

import asyncio
from pathlib import Path

import httpx
import pytest
from jinja2 import UndefinedError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.web.pages.headers import POLICY, Guarded
from tocsin.web.pages.pulse import mark_of, pulse
from tocsin.web.pages.templates import Words, counted, environment


def test_a_count_chooses_its_sentence() -> None:
    assert [str(counted(n, "{n} value|{n} values")) for n in (0, 1, 2_000)] == [
        "0 values",
        "1 value",
        "2,000 values",
    ]


def test_what_a_sentence_is_about_is_escaped() -> None:
    templates = environment("tocsin.agent.console", Words(room=Words(said="from {who}")), {})
    assert (
        templates.from_string("{{ w.room.said | fill(who=v) }}").render(v="<script>") == "from &lt;script&gt;"
    )
    with pytest.raises(KeyError):
        templates.from_string("{{ w.room.said | fill(whom=v) }}").render(v="x")
    with pytest.raises(UndefinedError):
        templates.from_string("{{ w.room.unsaid | fill(who=v) }}").render(v="x")


async def test_every_answer_is_guarded_errors_too() -> None:
    async def give(request: Request) -> Response:
        return PlainTextResponse("x")

    async def fail(request: Request) -> Response:
        raise ValueError

    async def failed(request: Request, error: Exception) -> Response:
        return PlainTextResponse("failed", 500)

    app = Starlette(routes=[Route("/", give), Route("/fail", fail)], exception_handlers={ValueError: failed})
    app.add_middleware(Guarded)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as http:
        for path in ("/", "/fail", "/nowhere"):
            headers = (await http.get(path)).headers
            assert headers["content-security-policy"] == POLICY
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    parts = dict(one.split(" ", 1) for one in POLICY.split("; "))
    assert parts["default-src"] == "'none'"
    assert set(parts.values()) <= {"'none'", "'self'", "'script'"}
    assert "unsafe" not in POLICY


async def test_a_change_is_told_once_and_an_ended_session_ends_it(tmp_path: Path) -> None:
    log, slept = tmp_path / "wal", 0
    log.write_bytes(b"1")
    allowed = True

    async def still_in() -> bool:
        return allowed

    async def sleep(seconds: float) -> None:
        nonlocal slept, allowed
        slept += 1
        if slept == 3:
            log.write_bytes(b"12")
        allowed = slept < 100

    told = [one async for one in pulse(log, mark_of(log), still_in, sleep)]
    assert told.count(b"data: changed\n\n") == 1
    assert slept >= 100, "it is asked again and again whether the session stands"


async def test_what_changed_while_the_page_was_on_its_way_is_told_at_once(tmp_path: Path) -> None:
    async def still_in() -> bool:
        return False

    heard = pulse(tmp_path / "wal", "before", still_in, asyncio.sleep)
    assert [await anext(heard), await anext(heard)] == [b": \n\n", b"data: changed\n\n"]
    await heard.aclose()
