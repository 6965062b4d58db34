# SPDX-License-Identifier: Apache-2.0
"""The agent's own loops against the real hub, relay and partner, in one process on one clock."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files

import httpx
import pytest
from tests.alliance import AMBER, Agent, until
from tests.anonymous import TICK_SECONDS, AnonymousAlliance
from tests.looking import bytes_of
from tests.looking import look as seen_in
from tests.unit.hub.asking import BAD, EVIL

from tocsin.agent.anonymous import reports
from tocsin.agent.anonymous.client import RelayClient
from tocsin.agent.anonymous.means import Means
from tocsin.agent.anonymous.now import Now
from tocsin.agent.anonymous.reports import SETTLED, Anonymous, State, Way
from tocsin.agent.anonymous.slots import Slots
from tocsin.agent.anonymous.standing import Standing, standing
from tocsin.agent.cases.ledger import digest_of
from tocsin.agent.inbox import inbox
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.assets import own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.reported import earlier
from tocsin.agent.verbs.ask_tokens import ask_tokens
from tocsin.agent.verbs.erase import erase
from tocsin.agent.verbs.report import Prepared, prepare, send
from tocsin.agent.verbs.sight import look
from tocsin.domain.observable import Observable
from tocsin.errors import Conflict, Refused

OWNERS = "SELECT owner FROM origin WHERE fact = :fact"
SAMPLE = files("tocsin.world") / "samples" / "invoice_wave.eml"
LAST_SLOT = 11
NAMES = ("ayr", "bute", "clyde", "dee")


class Path:
    """Four banks whose agents send into every slot."""

    def __init__(self, alliance: AnonymousAlliance, banks: dict[str, Agent]) -> None:
        self.alliance = alliance
        self.banks = banks
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        for bank in self.banks.values():
            self._tasks.append(asyncio.create_task(Slots(self.means(bank), _tick).run()))

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def through(self, slot: int) -> None:
        """Everybody sends in a slot, and it is taken in."""
        await until(lambda: self._built(slot))
        await self.alliance.into_epoch(slot=slot, part=0.95)
        await until(lambda: self._built(slot + 1))
        assert len(self.envelopes()) == (slot + 1) * len(self.banks)
        await self.alliance.next_slot()

    async def until_ended(self, bank: Agent, report: str, since: int) -> None:
        """Slot after slot until a report has its result: on a busy machine it is in a later record."""
        for slot in range(since, LAST_SLOT):
            await self.through(slot)
            if state(bank, report).state in SETTLED:
                return

    def _built(self, slot: int) -> bool:
        """Whether everybody has its envelope for a slot."""
        newest = [seen_in(bank.database, "SELECT max(slot) FROM slot") for bank in self.banks.values()]
        return newest == [[(slot,)]] * len(self.banks)

    def envelopes(self) -> list[httpx.Request]:
        return [one for one in self.alliance.wire.requests if one.url.host == "relay.example"]

    def now(self, short: str) -> Now:
        return Now(self.means(self.banks[short]))

    def means(self, bank: Agent) -> Means:
        house, relay = bank.house, RelayClient("", "", self.alliance.wire)
        settings = house.config.anonymous
        return Means(house.store, house.vault, settings, relay.post, house.clock, house.entropy)


async def _tick(_: float) -> None:
    await asyncio.sleep(TICK_SECONDS / 4)


async def on_path(
    alliance: AnonymousAlliance, story: Callable[[Path], Awaitable[None]], names: tuple[str, ...] = NAMES
) -> None:
    """Banks with tokens, in the slot before the first one of the epoch; then the story."""
    banks = {short: await alliance.join(short) for short in names}
    await alliance.first_epoch()
    await alliance.settled()
    for bank in banks.values():
        assert await ask_tokens(bank.house, bank.hub()) == 3
    path = Path(alliance, banks)
    await alliance.into_epoch(slot=-1, part=0.2)
    path.begin()
    try:
        await story(path)
    finally:
        await path.end()


def let_go(agent: Agent, report_class: str, *values: Observable, **way: bool) -> str:
    """A person lets a report of these values go; its identifier."""
    draft = Draft(agent._disclosure(values, AMBER), (), ())
    prepared = Prepared("a.eml", draft.disclosure.report_id.encode(), Reading("mail"), draft)
    approved = approve(draft, "Test", agent.clock.now())
    return send(
        agent.house, prepared, approved, report_class, ("members",), way=Way(report_class, **way)
    ).report


def state(agent: Agent, report: str) -> Anonymous:
    with agent.house.store.reading("report") as tx:
        return reports.demand(tx, agent.house.vault.box, report)


def stands(agent: Agent) -> Standing:
    with agent.house.store.reading("standing") as tx:
        return standing(tx, agent.house.vault, agent.house.config.anonymous, agent.clock.now())


async def test_a_mixed_report_comes_to_every_other_bank_and_to_its_own_as_to_a_stranger(tmp_path):
    async with AnonymousAlliance(tmp_path, floor=4) as alliance:

        async def story(path: Path) -> None:
            ayr = path.banks["ayr"]
            for slot in range(2):
                await path.through(slot)
            report = let_go(ayr, "mixed", EVIL, BAD, hold=False)
            await path.until_ended(ayr, report, since=2)
            await alliance.settled()
            ended = state(ayr, report)
            assert (ended.state, ended.among) == (State.TAKEN, 4)
            assert ended.fate is not None
            assert (ended.fate.status, ended.fate.taken) == ("accepted", 3)
            assert {bank.level("evil.example") for bank in path.banks.values()} == {"watch"}
            assert stands(ayr).tokens == 2
            assert len({len(one.content) for one in path.envelopes()}) == 1
            assert all("user-agent" not in one.headers for one in path.envelopes())
            owners = {owner for (owner,) in alliance.look(OWNERS, {"fact": report})}
            assert owners == {None}

        await on_path(alliance, story)


async def test_a_file_comes_to_another_banks_inbox(tmp_path):
    async with AnonymousAlliance(tmp_path, floor=4) as alliance:

        async def story(path: Path) -> None:
            ayr, dee = path.banks["ayr"], path.banks["dee"]
            for slot in range(2):
                await path.through(slot)
            classifier = Classifier(own_assets(ayr.house.config.own))
            with ReaderChild() as reader:
                data = SAMPLE.read_bytes()
                prepared = prepare(
                    ayr.house, reader, classifier, "invoice.eml", data, attack=None, marking=AMBER
                )
            approved = approve(prepared.draft, "Test", ayr.clock.now())
            way = Way("mixed", hold=False)
            report = send(ayr.house, prepared, approved, "mixed", ("members",), way=way).report
            await path.until_ended(ayr, report, since=2)
            await alliance.settled()
            assert state(ayr, report).state is State.TAKEN
            values = {one.observable for one in inbox(dee.house, dee.levels(), dee.clock.now()).values}
            assert values == {one.observable for one in prepared.draft.disclosure.indicators}
            (before,) = earlier(ayr.house, digest_of(data))
            assert (before.report, before.report_class, before.waits) == (report, "mixed", False)

        await on_path(alliance, story)


async def test_class_now_comes_at_once(tmp_path):
    async with AnonymousAlliance(tmp_path, floor=4) as alliance:

        async def story(path: Path) -> None:
            ayr = path.banks["ayr"]
            await path.through(0)
            report = let_go(ayr, "now", EVIL)
            ended = await path.now("ayr").send(report)
            assert (ended.state, ended.fate and ended.fate.taken) == (State.TAKEN, 2)
            await alliance.settled()
            assert path.banks["dee"].level("evil.example") == "watch"

        await on_path(alliance, story)


async def test_what_went_anonymously_is_neither_confirmed_nor_reported_nor_taken_back_by_name(tmp_path):
    async with AnonymousAlliance(tmp_path, floor=4) as alliance:

        async def story(path: Path) -> None:
            ayr = path.banks["ayr"]
            await path.through(0)
            report = let_go(ayr, "now", EVIL)
            await path.now("ayr").send(report)
            classifier = Classifier(own_assets(ayr.house.config.own))
            with pytest.raises(Refused, match="reported anonymously by this party"):
                look(ayr.house, classifier, EVIL)
            assert look(ayr.house, classifier, EVIL, by_name=True).indicator.observable == EVIL
            with pytest.raises(Refused, match="says whose that report was"):
                let_go(ayr, "named", EVIL)
            with pytest.raises(Conflict, match="not taken back in this party's name"):
                erase(ayr.house, report, "mistake", "Test")
            assert ayr.house.outbox.waiting() == []

        await on_path(alliance, story)


async def test_no_database_but_its_own_holds_who_reported(tmp_path):
    async with AnonymousAlliance(tmp_path, floor=4) as alliance:

        async def story(path: Path) -> None:
            ayr = path.banks["ayr"]
            for slot in range(2):
                await path.through(slot)
            report = let_go(ayr, "mixed", EVIL, hold=False)
            assert b"evil.example" not in bytes_of(ayr.house.folder, "agent.db")
            await path.until_ended(ayr, report, since=2)
            assert state(ayr, report).state is State.TAKEN
            for store in ("relay.db", "partner.db"):
                assert b"evil.example" not in bytes_of(tmp_path, store)
                assert report.encode() not in bytes_of(tmp_path, store)

        await on_path(alliance, story)


async def test_while_the_partner_is_away_mixed_waits_and_named_works(tmp_path):
    async with AnonymousAlliance(tmp_path, floor=4) as alliance:

        async def story(path: Path) -> None:
            ayr = path.banks["ayr"]
            await path.through(0)
            await path.through(1)
            await alliance.stop("partner")
            for slot in (2, 3):
                await alliance.into_epoch(slot=slot, part=0.95)
                await asyncio.sleep(10 * TICK_SECONDS)
            report = let_go(ayr, "mixed", EVIL, hold=False)
            assert state(ayr, report).state is State.WAITING
            assert stands(ayr).among == 0
            assert await path.banks["bute"].report(BAD)

        await on_path(alliance, story)
