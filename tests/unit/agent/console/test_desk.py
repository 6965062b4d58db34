# SPDX-License-Identifier: Apache-2.0
"""The desk: what is costly is made once for everybody who looks, and anew when a person has switched something."""

from pathlib import Path

import msgspec
import pytest
from tests.unit.agent.test_decide import bank

from tocsin.agent.console import desk as module
from tocsin.agent.console.desk import Desk
from tocsin.agent.shields.switching import State
from tocsin.agent.verbs.shield import switch
from tocsin.config.shields import Shields


async def test_a_dry_run_is_kept_until_a_shield_is_switched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REST", 1e9)
    async with bank(tmp_path) as agent:
        config = msgspec.structs.replace(agent.house.config, shields=Shields(csv="block.csv"))
        house = msgspec.structs.replace(agent.house, config=config)
        desk = Desk(house, lambda: None)
        first = desk.dry_run()
        assert desk.dry_run() is first
        switch(house, desk.protection, "csv", State.ON, "Jane Doe", "it is time")
        assert [one.state for one in desk.dry_run()] == ["on"]
        assert [one.state for one in first] == ["monitor"]


async def test_a_dry_run_is_made_anew_after_a_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REST", -1)
    async with bank(tmp_path) as agent:
        config = msgspec.structs.replace(agent.house.config, shields=Shields(csv="block.csv"))
        desk = Desk(msgspec.structs.replace(agent.house, config=config), lambda: None)
        assert desk.dry_run() is not desk.dry_run()
