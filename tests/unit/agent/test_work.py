# SPDX-License-Identifier: Apache-2.0
"""What an agent does all day begins, or says why not: never does it seem to serve while nothing of it happens."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.alliance import Alliance

from tocsin.agent.work import work
from tocsin.config.shields import FeedListen
from tocsin.config.waking import Wake
from tocsin.errors import ConfigError

WRONG: dict[str, dict[str, Any]] = {
    "read_url": {"read_url": "http://edge.example"},
    "feeds": {"feeds": FeedListen(host="192.0.2.1")},
    "wake": {"wake": Wake(people=(), time_zone="Europe/Atlantis")},
}
"""Settings that parse, and that nothing can be made of."""


@pytest.mark.parametrize("settings", WRONG)
async def test_what_cannot_begin_is_raised_before_anything_has(tmp_path: Path, settings: str) -> None:
    async with Alliance(tmp_path, witnessed=False) as alliance:
        agent = await alliance.join("ayr", follow=False)
        house = msgspec.structs.replace(
            agent.house, config=msgspec.structs.replace(agent.house.config, **WRONG[settings])
        )
        before = asyncio.all_tasks()
        with pytest.raises(ConfigError):
            work(house, agent.http)
        assert asyncio.all_tasks() == before
