# SPDX-License-Identifier: Apache-2.0
"""Lets go of what was collected where a standing rule says so; everything else waits for a person, as it did.

1. Nothing is looked at while somebody has switched it off, or when no rule names the source a file came from.
2. In a house with four eyes only a rule counts that says so, and each rule lets out so many reports a day and no more.
3. A file is read in the reader child and drafted anew, by what the agent knows now.
4. A rule must let something go of every document in it of which anything would leave; else all of it waits.
5. Report, case, journal, the rule's count of the day and the end of waiting are one transaction.

Whoever may write to an abuse mailbox chooses what is in it. What leaves so is marked as approved by nobody, which no
receiver counts for a block (docs/adr/0016). Which values a rule covers: `tocsin.domain.standing_rule`.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from io import BytesIO

import msgspec

from tocsin.agent.cases.ledger import digest_of
from tocsin.agent.collecting.queue import Item, Queue
from tocsin.agent.drafts import Terms
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.readers.documents import documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.approve import standing_rules
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.reported import earlier, lacking, told_to
from tocsin.agent.verbs.decide import by_rules, ruling
from tocsin.agent.verbs.report import Prepared, drafted
from tocsin.clock import day_of
from tocsin.config.agent import DeclaredRule
from tocsin.domain.marking import TLP, Marking
from tocsin.errors import Forbidden, InputError, NothingToShare, TocsinError, Unknown
from tocsin.follow.follower import Sleep
from tocsin.storage.store import Transaction

log = logging.getLogger("tocsin.agent")

SECONDS = 10.0
"""From one look at what waits to the next."""
MAX_LOOKED = 50
"""Files that are read in one look."""
_SWITCH, _OFF = "collected-by-rules", "off"


class Today(msgspec.Struct, frozen=True):
    """How far one rule has come today, in UTC."""

    rule: str
    sources: tuple[str, ...]
    reports: int
    most: int


class _Mark(msgspec.Struct, frozen=True):
    value: str


class Approving:
    """What `agent serve` does with what waits, besides showing it to people."""

    def __init__(self, house: House, classifier: Callable[[House], Classifier], sleep: Sleep) -> None:
        """ConfigError when a rule means nothing."""
        standing_rules(house.config.standing_rules)
        self._house = house
        self._classifier = classifier
        self._sleep = sleep
        self._queue = Queue(house)
        self._passed: dict[str, str] = {}
        """Files that wait for a person; those that only the day's bound holds back, with that day."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.round()
            await self._sleep(SECONDS)

    async def round(self) -> int:
        """One look at what waits; how many reports left."""
        if is_off(self._house):
            return 0
        waiting = self._queue.waiting()
        self._passed = {one.id: self._passed[one.id] for one in waiting if one.id in self._passed}
        day = day_of(self._house.clock.now())
        due = [one for one in waiting if self._passed.get(one.id) not in ("", day) and self._rules(one)]
        looked = due[:MAX_LOOKED]
        if not looked:
            return 0
        classifier = self._classifier(self._house)
        drafts = await asyncio.to_thread(_drafts_of, self._house, self._queue, classifier, looked)
        return sum(self._decide(item, some) for item, some in zip(looked, drafts, strict=True))

    def _rules(self, item: Item) -> tuple[DeclaredRule, ...]:
        """The rules that may let it go now."""
        source, config = item.about.source.partition(" ")[0], self._house.config
        return tuple(
            rule
            for rule in config.standing_rules
            if source in rule.collected
            and (rule.four_eyes or config.approvals == 1)
            and _spent(self._house, rule.name) < rule.per_day
        )

    def _decide(self, item: Item, drafts: list[Prepared] | None) -> int:
        """Let one file go if rules cover it; how many reports left."""
        try:
            sent = None if drafts is None else self._let_go(item, drafts)
        except TocsinError as error:
            log.warning("%s waits for a person: %s", item.id, error)
            sent = None
        if sent is None:
            self._passed.setdefault(item.id, "")
            return 0
        log.info("%s left by standing rules: %d reports", item.id, sent)
        return sent

    def _let_go(self, item: Item, drafts: list[Prepared]) -> int | None:
        """How many reports left; None when it waits."""
        may = self._rules(item)
        if not may:
            self._passed[item.id] = day_of(self._house.clock.now())
            return None
        config = msgspec.structs.replace(self._house.config, standing_rules=may)
        house = msgspec.structs.replace(self._house, config=config)
        terms = Terms(told_to(house, ()))
        new = [one for one in drafts if _is_new(house, one, terms)]
        rules = Counter(ruling(house, one, terms).rule for one in new)
        if not drafts or "" in rules:
            return None
        most = {rule.name: rule.per_day for rule in config.standing_rules}
        if any(_spent(house, name) + count > most[name] for name, count in rules.items()):
            self._passed[item.id] = day_of(house.clock.now())
            return None
        for number, one in enumerate(new, 1):
            name = ruling(house, one, terms).rule
            by_rules(house, one, terms, "agent", beside=self._beside(item, name, is_last=number == len(new)))
        if not new:
            self._queue.settle(item.id)
        return len(new)

    def _beside(self, item: Item, rule: str, *, is_last: bool) -> Callable[[Transaction], None]:
        """What belongs into the transaction of a report: the count, the journal, and that the file waits no more."""

        def work(tx: Transaction) -> None:
            """The last look at the switch and at what waits, in the transaction that queues the report."""
            if _is_off(tx):
                raise Forbidden("Standing rules were switched off for what is collected.")
            if is_last and not tx.run("drop_collected", {"id": item.id}):
                raise Unknown(f"{item.id} waits no more: somebody decided on it meanwhile.")
            now = self._house.clock.now()
            value = f"{day_of(now)} {_counted(tx, rule, day_of(now)) + 1}"
            tx.run("save_mark", {"name": _mark(rule), "value": value})
            what = Decision(now, f"rule {rule}", "let a collected file go", item.id, item.about.source)
            write(tx, self._house.vault.box, what)

        return work


def is_off(house: House) -> bool:
    """Whether somebody has switched it off."""
    with house.store.reading("switch of standing rules") as tx:
        return _is_off(tx)


def switch(house: House, by: str, *, on: bool) -> None:
    """Let standing rules look at what is collected, or no longer; a serving agent obeys at once."""

    def work(tx: Transaction) -> None:
        """The switch with its line in the journal."""
        if on:
            tx.run("drop_mark", {"name": _SWITCH})
        else:
            tx.run("save_mark", {"name": _SWITCH, "value": _OFF})
        what = f"switched standing rules for what is collected {'on' if on else 'off'}"
        write(tx, house.vault.box, Decision(house.clock.now(), by, what, "agent"))

    house.store.run("switch standing rules", work)


def today(house: House) -> tuple[Today, ...]:
    """The rules that look at what is collected, and how far each has come."""
    return tuple(
        Today(rule.name, rule.collected, _spent(house, rule.name), rule.per_day)
        for rule in house.config.standing_rules
        if rule.collected and (rule.four_eyes or house.config.approvals == 1)
    )


def _drafts_of(
    house: House, queue: Queue, classifier: Classifier, items: Sequence[Item]
) -> list[list[Prepared] | None]:
    """The drafts of each file; None for one that cannot be read whole, or is no longer there."""
    with ReaderChild() as reader:
        return [_drafts(house, reader, classifier, item, queue) for item in items]


def _drafts(
    house: House, reader: ReaderChild, classifier: Classifier, item: Item, queue: Queue
) -> list[Prepared] | None:
    found = []
    try:
        data = queue.file(item.id)
        for document in documents(reader, BytesIO(data), item.about.name):
            try:
                made = drafted(house, classifier, document, attack=None, marking=Marking(tlp=TLP.AMBER))
                found.append(made)
            except NothingToShare:
                continue
    except (InputError, Unknown):
        return None  # a person sees why
    return found


def _is_new(house: House, one: Prepared, terms: Terms) -> bool:
    return bool(lacking(earlier(house, digest_of(one.data)), terms.audiences))


def _spent(house: House, rule: str) -> int:
    with house.store.reading("reports of a rule today") as tx:
        return _counted(tx, rule, day_of(house.clock.now()))


def _is_off(tx: Transaction) -> bool:
    found = tx.one("mark", {"name": _SWITCH}, into=_Mark)
    return found is not None and found.value == _OFF


def _counted(tx: Transaction, rule: str, day: str) -> int:
    found = tx.one("mark", {"name": _mark(rule)}, into=_Mark)
    before, _, count = (found.value if found else "").partition(" ")
    return int(count) if before == day else 0


def _mark(rule: str) -> str:
    return f"collected-by {rule}"
