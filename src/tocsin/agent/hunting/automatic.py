# SPDX-License-Identifier: Apache-2.0
"""What `agent serve` hunts by itself: through the logs in agent.toml for whatever becomes known, soon after it does.

The first round, after a party has joined and caught up, goes through everything for everything: active warnings are
backfilled, and the party learns of itself what others were hit by. Later rounds hunt news, and look once an hour for
logs that are new. A round takes its share of one processor and no more: the child is stopped for the rest of each
second. New findings at block wake a person; what others hear of them is up to `telling.py`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from tocsin.agent import alarms
from tocsin.agent.house import House
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.past import AGENT, Log, Past
from tocsin.agent.hunting.process import HuntingChild
from tocsin.agent.hunting.telling import Hit, hits, tell_by_itself
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.levels import KnownValue, Levels
from tocsin.agent.waking.calls import call_once
from tocsin.domain.call import Cause
from tocsin.domain.level import Level
from tocsin.domain.observable import Observable
from tocsin.errors import InputError, TocsinError
from tocsin.follow.follower import Sleep
from tocsin.storage.store import Transaction

log = logging.getLogger("tocsin.agent")

LOOK_SECONDS = 3_600.0
"""How often logs are looked for without news."""
REST_SECONDS = 10.0
"""After news, for more of it: a cold agent catches up in waves, and one round is for all of them."""

Known = Mapping[Observable, KnownValue]


class Automatic:
    """The hunts of an agent that serves."""

    def __init__(
        self,
        house: House,
        levels: Callable[[House], Levels],
        classifier: Callable[[House], Classifier],
        sleep: Sleep,
    ) -> None:
        self._house = house
        self._levels = levels
        self._classifier = classifier
        self._sleep = sleep
        self._seen = {hit.found.observable for hit in self._blocked(self.known())}
        """At block and found here, of which people have heard."""

    def known(self) -> Known:
        """Every value that counts now."""
        house = self._house
        return {one.observable: one for one in self._levels(house).known(house.clock.now())}

    async def run(self, news: asyncio.Event) -> None:
        """Hunt whenever there is news, and once an hour; for ever."""
        while True:
            try:
                await self.round()
            except TocsinError as error:
                log.warning("hunting the past: %s", error)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await news.wait()
            except TimeoutError:
                log.debug("no news: looking for new logs")
            await self._sleep(REST_SECONDS)
            news.clear()

    async def round(self) -> None:
        """One round through the logs of the settings."""
        house, known = self._house, self.known()
        past = Past(house, known, [house.folder / path for path in house.config.hunt.logs], AGENT)
        for task in past.tasks:
            with HuntingChild(task.values, past.places) as child:
                for each in task.logs:
                    try:
                        past.keep(each, await self._through(child, each))
                    except InputError as error:
                        past.refuse(each, error.detail)
        if past.tasks:
            hunt = past.end()
            log.info("hunted %d values through %d logs: %d found", hunt.values, hunt.done, hunt.found)
            self.tell(known)

    def tell(self, known: Known | None = None) -> None:
        """People hear of what is new and at block, and others of what the policy says."""
        house, found = self._house, self._blocked(known or self.known())
        new = {hit.found.observable for hit in found} - self._seen
        if new:
            self._seen |= new
            word = "value was" if len(new) == 1 else "values were"
            sentence = f"in your own logs {len(new)} {word} found that are at block: tocsin agent hunts {house.folder}"
            self._call(f"{alarms.INFORMATION}{sentence}")
        tell_by_itself(house, self._classifier(house), found)

    def _call(self, sentence: str) -> None:
        """Keep it where people look, and wake one of them."""
        now = self._house.clock.now()

        def work(tx: Transaction) -> None:
            """The alarm and the call of one new finding."""
            alarms.sound(tx, sentence, now)
            call_once(tx, Cause.HIT, f"{now}/{len(self._seen)}", now)

        self._house.store.run("new findings", work)

    def _blocked(self, known: Known) -> list[Hit]:
        return [hit for hit in hits(self._house, known) if hit.level == Level.BLOCK]

    async def _through(self, child: HuntingChild, each: Log) -> Hunted:
        """What is found in a log, by a child that rests for its part of each second."""
        share = self._house.config.hunt.cpu_percent / 100
        working = asyncio.ensure_future(asyncio.to_thread(child.file, each.path, follow=each.follow))
        try:
            while not (await asyncio.wait([working], timeout=share))[0]:
                child.pause()
                await self._sleep(1 - share)
                child.resume()
            return working.result()
        finally:
            if not working.done():
                child.kill()
                await asyncio.wait([working])
