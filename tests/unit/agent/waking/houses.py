# SPDX-License-Identifier: Apache-2.0
"""An agent whose people are woken, and the calls that it has."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from tests.alliance import Agent

from tocsin.agent.house import House
from tocsin.agent.waking.calls import call, open_calls
from tocsin.agent.waking.waking import Waking
from tocsin.clock import Instant
from tocsin.config.waking import Person, Wake
from tocsin.domain.call import Call, Cause
from tocsin.errors import Unreachable
from tocsin.hooks import Notice, Notify

ANN, BO, CY = (Person(name, (f"{name.lower()}@duty.example",)) for name in ("Ann", "Bo", "Cy"))
WAKE = Wake(people=(ANN, BO, CY))


class Pager:
    """A way to tell people that writes down what it told, and can be away."""

    def __init__(self, kind: Literal["person", "team", "record"] = "person") -> None:
        self.told: list[Notice] = []
        self.away = False
        self._kind = kind

    def name(self) -> str:
        return "pager"

    def reaches(self) -> Literal["person", "team", "record"]:
        return self._kind

    async def tell(self, notice: Notice) -> None:
        if self.away:
            raise Unreachable("The pager is away.")
        self.told.append(notice)

    def names(self) -> list[str]:
        """Who was told, in order; empty for a team."""
        return [one.to[0].partition("@")[0] if one.to else "" for one in self.told]


def waking(house: House, *channels: Notify, settings: Wake = WAKE) -> Waking:
    async def never(seconds: float) -> None:
        raise AssertionError("rounds are asked for one by one")

    return Waking(house, settings, channels, never)


def woken(agent: Agent, settings: Wake = WAKE) -> House:
    """The agent's house with these settings."""
    return msgspec.structs.replace(
        agent.house, config=msgspec.structs.replace(agent.house.config, wake=settings)
    )


def opened(house: House) -> list[Call]:
    with house.store.reading("calls") as tx:
        return open_calls(tx)


def raise_calls(house: House, subjects: Sequence[str], cause: Cause = Cause.HIT) -> None:
    now: Instant = house.clock.now()

    def work(tx):
        for subject in subjects:
            call(tx, cause, subject, now)

    house.store.run("raise calls", work)
