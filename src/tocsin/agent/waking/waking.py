# SPDX-License-Identifier: Apache-2.0
"""Tells the people on call, again and again until somebody acknowledges, and never floods them.

Every few seconds: (1) hold the calls against the store (`calls`), (2) see which of them have a step that is due
(`tocsin.domain.call`), (3) tell each person once, of all that are due for them, (4) write down that it was told. What
was told is in the store before the next look, so a restart neither repeats nor forgets a step.

A step counts as told when anybody was reached by it. When nobody was, because a server is away say, it is tried again,
later each time; time goes on meanwhile, and with it comes whoever is next. Between two messages to one person lies at
least `APART`, whatever happens: an agent that comes back from an outage tells of all it finds in one message.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec

from tocsin.agent.house import House
from tocsin.agent.waking import codes
from tocsin.agent.waking.calls import look, open_calls
from tocsin.agent.waking.channels import channels_of
from tocsin.agent.waking.rota import Rota
from tocsin.agent.waking.standing import keep_problem
from tocsin.agent.waking.words import notice
from tocsin.clock import HOUR, MINUTE, SECOND, Instant
from tocsin.config.waking import Person, Wake
from tocsin.domain.call import UNHURRIED, Call, Step, due, parse_schedule, reached
from tocsin.errors import TocsinError
from tocsin.follow.follower import Sleep
from tocsin.hooks import Notify
from tocsin.storage.store import Transaction

log = logging.getLogger("tocsin.agent")

LOOK_SECONDS = 5.0
APART = MINUTE
"""Between two messages to one person, when the second tells of something new that is urgent."""
APART_AGAIN = 5 * MINUTE
"""When it only repeats."""
APART_UNHURRIED = HOUR
"""When nothing in it is urgent."""
_LONGEST_PAUSE = 5 * MINUTE


class Due(msgspec.Struct, frozen=True):
    """One call with the step that is due."""

    call: Call
    step: int
    people: tuple[str, ...]


class Waking:
    """One agent's. ConfigError when the settings cannot be carried out."""

    def __init__(self, house: House, settings: Wake, channels: Sequence[Notify], sleep: Sleep) -> None:
        self._house = house
        self._rota = Rota(settings)
        self._schedule = parse_schedule(settings.schedule)
        self._people: Mapping[str, Person] = {one.name: one for one in settings.people}
        self._channels = channels
        self._sleep = sleep
        self._last: dict[str, Instant] = {}
        """When each person was told last."""
        self._failures = 0
        self._not_before = Instant(0)

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.round()
            await self._sleep(LOOK_SECONDS)

    async def round(self) -> None:
        """One look, and whatever is due told."""
        house, now = self._house, self._house.clock.now()
        party = house.vault.membership().party
        house.store.run("look for calls", lambda tx: look(tx, party, now))
        if now < self._not_before:
            return
        with house.store.reading("calls that are due") as tx:
            found = self._due(open_calls(tx), now)
        if found:
            await self._tell(found, now)

    def _due(self, calls: Sequence[Call], now: Instant) -> list[Due]:
        """What is to be told now. Of what is not urgent nothing in quiet hours."""
        on_call, quiet = self._rota.on_call(now), self._rota.is_quiet(now)
        found = []
        for call in calls:
            steps: tuple[Step, ...] = self._schedule if call.is_urgent else UNHURRIED
            come = due(steps, call, now)
            if come > call.told and not (quiet and not call.is_urgent):
                found.append(Due(call, come - 1, tuple(reached(steps, come - 1, on_call))))
        return found

    async def _tell(self, found: Sequence[Due], now: Instant) -> None:
        """Tell everybody who is to be told, each once, and write down of which calls anybody heard."""
        told: set[int] = set()
        problems = []
        ready = self._ready(found, now)
        for channel in self._channels:
            for name, calls in self._audiences(channel, ready):
                problem = await self._try(channel, name, [one.call for one in calls])
                if problem:
                    problems.append(problem)
                elif channel.reaches() != "record" or self._only_records():
                    told |= {one.call.number for one in calls}
                    self._last |= dict.fromkeys([name] if name else ready, now)
        self._write_down([one for one in found if one.call.number in told], problems, now)

    def _ready(self, found: Sequence[Due], now: Instant) -> dict[str, list[Due]]:
        """What each person is told of now: what all whom it concerns may be told of."""
        people = _by_person(found)
        rests = {name for name, calls in people.items() if not self._may_tell(name, calls, now)}
        return _by_person([one for one in found if not rests.intersection(one.people)])

    def _audiences(
        self, channel: Notify, ready: Mapping[str, Sequence[Due]]
    ) -> list[tuple[str, Sequence[Due]]]:
        """Whom one channel tells of what: each person, or a team of everything once."""
        if channel.reaches() == "person":
            return list(ready.items())
        together = {one.call.number: one for calls in ready.values() for one in calls}
        return [("", list(together.values()))] if together else []

    async def _try(self, channel: Notify, name: str, calls: Sequence[Call]) -> str:
        """What is wrong, or empty. A code is kept before it is told: nobody is given one that is worth nothing."""
        code = self._new_code(name, calls) if name else ""
        try:
            await channel.tell(notice(calls, self._people[name].mail if name else (), code))
        except TocsinError as error:
            log.warning("%s: %s", channel.name(), error)
            if code:
                box = self._house.vault.box
                self._house.store.run("forget code", lambda tx: codes.forget(tx, box, code))
            return f"{channel.name()}: {error}"
        log.info("%s: told of %d calls", channel.name(), len(calls))
        return ""

    def _new_code(self, name: str, calls: Sequence[Call]) -> str:
        code, box = codes.new_code(self._house.entropy), self._house.vault.box
        numbers = [one.number for one in calls]
        self._house.store.run("keep code", lambda tx: codes.keep(tx, box, code, numbers, name))
        return code

    def _may_tell(self, name: str, calls: Sequence[Due], now: Instant) -> bool:
        """Whether this person has been left alone for long enough."""
        if not any(one.call.is_urgent for one in calls):
            apart = APART_UNHURRIED
        else:
            apart = APART if any(one.call.is_urgent and not one.call.told for one in calls) else APART_AGAIN
        return name not in self._last or now >= self._last[name] + apart

    def _only_records(self) -> bool:
        return all(channel.reaches() == "record" for channel in self._channels)

    def _write_down(self, told: Sequence[Due], problems: Sequence[str], now: Instant) -> None:
        def work(tx: Transaction) -> None:
            """Which steps were told, and what went wrong in telling."""
            for one in told:
                tx.run("told_call", {"number": one.call.number, "told": one.step + 1, "at": now})
            keep_problem(tx, "; ".join(problems))

        self._house.store.run("told of calls", work)
        self._failures = self._failures + 1 if problems and not told else 0
        pause = min((1 << min(self._failures, 10)) * int(LOOK_SECONDS * SECOND), _LONGEST_PAUSE)
        self._not_before = Instant(now + pause if self._failures else 0)


def _by_person(found: Sequence[Due]) -> dict[str, list[Due]]:
    """What each person is told of."""
    people: dict[str, list[Due]] = {}
    for one in found:
        for name in one.people:
            people.setdefault(name, []).append(one)
    return people


def waking_of(house: House, environment: Mapping[str, str]) -> Waking | None:
    """What the settings ask for; None when they ask for nothing, ConfigError when it cannot be done."""
    settings = house.config.wake
    if settings is None:
        return None
    return Waking(house, settings, channels_of(house, settings, environment), asyncio.sleep)
