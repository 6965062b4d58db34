# SPDX-License-Identifier: Apache-2.0
"""Numbers for whoever holds the key, in a format that monitors read, and nothing that names anybody."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tocsin.errors import ConfigError
from tocsin.web.answers import EXCEPTION_HANDLERS
from tocsin.web.metrics import (
    Metric,
    counter,
    exposition,
    gauge,
    metrics_routes,
    process,
    read_key,
    transactions,
)

KEY = "k" * 40
LINE = re.compile(r'[a-z_]+(\{[a-z_]+="([^"\\\n]|\\.)*"(,[a-z_]+="([^"\\\n]|\\.)*")*\})? -?[0-9.e+]+')


def test_the_format_is_the_monitor_s() -> None:
    told = exposition(
        [
            gauge("tocsin_a", "One.", 1.5),
            counter("tocsin_b_total", "Two.", 12345678901),
            Metric("tocsin_c", "gauge", "Three.", {(("x", 'a"b\\c\nd'), ("y", "z")): 0.0}),
            transactions({"writer": Counter({("accept wave", "committed"): 3})}),
            *process(),
        ]
    )
    assert told.startswith(b"# HELP tocsin_a One.\n# TYPE tocsin_a gauge\ntocsin_a 1.5\n")
    assert b"tocsin_b_total 12345678901\n" in told
    assert b'tocsin_c{x="a\\"b\\\\c\\nd",y="z"} 0\n' in told
    assert b'tocsin_transactions_total{store="writer",name="accept wave",outcome="committed"} 3\n' in told
    for line in told.decode().splitlines():
        assert line.startswith("# ") or LINE.fullmatch(line), line


@pytest.fixture
def key(tmp_path: Path) -> bytes:
    tmp_path.chmod(0o700)
    (tmp_path / "metrics.key").write_text(KEY + "\n")
    (tmp_path / "metrics.key").chmod(0o600)
    return read_key(tmp_path, "metrics.key")


async def ask(key: bytes, **headers: str) -> httpx.Response:
    app = Starlette(
        routes=metrics_routes(key, lambda: [gauge("tocsin_a", "One.", 1)]),
        exception_handlers=EXCEPTION_HANDLERS,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
        return await http.get("/metrics", headers=headers)


async def test_whoever_holds_the_key_is_told(key: bytes) -> None:
    answer = await ask(key, authorization=f"Bearer {KEY}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "tocsin_a 1" in answer.text


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", f"Basic {KEY}", f"Bearer {KEY}x", KEY, f"Bearer {KEY[:-1]}"]
)
async def test_nobody_else_is_told_on_loopback_either(key: bytes, shown: str) -> None:
    answer = await ask(key, authorization=shown)
    assert answer.status_code == 401
    assert "tocsin_a" not in answer.text


async def test_without_a_key_nothing_is_there(tmp_path: Path) -> None:
    assert read_key(tmp_path, "") == b""
    assert (await ask(b"", authorization="Bearer ")).status_code == 404


@pytest.mark.parametrize(("content", "mode"), [("short", 0o600), (KEY, 0o644), (None, 0o600)])
def test_a_key_that_is_no_secret_is_refused(tmp_path: Path, content: str | None, mode: int) -> None:
    tmp_path.chmod(0o700)
    if content is not None:
        (tmp_path / "metrics.key").write_text(content)
        (tmp_path / "metrics.key").chmod(mode)
    with pytest.raises(ConfigError):
        read_key(tmp_path, "metrics.key")
