# SPDX-License-Identifier: Apache-2.0
"""Now: where everybody comes in, and who is led on from there."""

from pathlib import Path

from tests.unit.agent.console.test_approvals import JANE
from tests.unit.agent.test_decide import bank

from tocsin.agent.console.desk import Desk
from tocsin.agent.console.rooms import now
from tocsin.agent.people.person import Person, Role
from tocsin.web.pages.page import Asked, Elsewhere, Page


async def test_whoever_only_administers_comes_in_at_the_people(tmp_path: Path) -> None:
    async with bank(tmp_path) as agent:
        desk = Desk(agent.house, lambda: None)
        admin = Person("per_" + "3" * 32, "Al Roe", frozenset({Role.ADMIN}))
        assert now.look(desk, admin, Asked()) == Elsewhere("/people")
        assert isinstance(now.look(desk, JANE, Asked()), Page)
