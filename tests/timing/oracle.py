# SPDX-License-Identifier: Apache-2.0
"""Can the time of an answer tell whether the hub holds something that the asker may not read?

For each way of asking there are pairs of requests that differ only in what they are about: something hidden that is
there, and something that is nowhere. A classifier that knows nothing but the time guesses which was which; its AUC is
the chance that it is right, and 0.5 is blind. The clock stands as near to the work as nobody's can who asks over a
network: around the verb in its transaction, in memory, with no disk, socket or signature to drown a difference in.

``python -m tests.timing.oracle --pairs 10000`` prints a table; ``make oracle`` runs it. It fails when an AUC is more
than 0.03 from 0.5, or when a planted difference of 50 µs goes unnoticed.
"""

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import msgspec

from tocsin.clock import DAY, Instant, ManualClock, day_of
from tocsin.config.hub import HubConfig
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.audience import History
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role, Standing
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import TocsinError
from tocsin.hub.assembly import exchange
from tocsin.hub.exchange import Sender
from tocsin.hub.intake import Verb
from tocsin.hub.streams import Origin
from tocsin.hub.verbs import acknowledge, erase, report, sight, warn
from tocsin.hub.verbs.roster import join_group
from tocsin.hub.views.directory import party_by_id, state_party
from tocsin.ids import new_id
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Transaction
from tocsin.wire.answering import Acknowledge
from tocsin.wire.messages import Erase, Report, Sight, Told, Warn, decode, encode, encode_warning
from tocsin.wire.parties import PartyEvent
from tocsin.wire.stix21 import mint

NOW = Instant(1_795_249_800_000_000)
TOLERANCE = 0.03
PLANTED_SECONDS = 50e-6
HIDDEN = 500
"""Things that are hidden; each is asked about again and again. What is nowhere is new each time, so that nothing may
remember what it was asked about."""
PLANTED = "planted"
ASKER, STRANGER, POLICE = (f"prt_{number:032x}" for number in range(1, 4))

T = TypeVar("T", bound=Told)
Work = Callable[[Transaction], object]
Ask = Callable[[int, bool], Work]
"""A request about the n-th hidden thing, or, where nothing is hidden, about something of the same form."""


class Found(msgspec.Struct, frozen=True):
    """How well the time told."""

    way: str
    auc: float
    microseconds: float
    """Median of all requests."""

    @property
    def as_it_should_be(self) -> bool:
        """Blind; or, for what was planted, not blind."""
        return (abs(self.auc - 0.5) <= TOLERANCE) is (self.way != PLANTED)


class _Undo(Exception):
    """Leaves a transaction without keeping what was done: every request meets the same store."""


class _Version(msgspec.Struct, frozen=True):
    stream: str
    seq: int
    version: int
    digest: bytes | None
    chain: str
    withdrawn: int
    expires: int
    purposes: int


class House:
    """A hub in memory whose asker, a British bank, may read nothing of what two Americans say there."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.nowhere = HIDDEN
        draw = self.dice.randbytes
        config = HubConfig(alliance="City Alliance", public_url="http://hub.example")
        self.hub = exchange(config, draw(64), ManualClock(NOW), draw)
        self.store = open_sqlite(":memory:")
        self.keys = {party: SigningKey.from_seed(draw(32)) for party in (ASKER, STRANGER, POLICE)}
        self._keep(lambda tx: self._join(tx, ASKER, Role.BANK, "GB"))
        self._keep(lambda tx: self._join(tx, STRANGER, Role.BANK, "US"))
        self._keep(lambda tx: self._join(tx, POLICE, Role.AGENCY, "US"))
        self._keep(lambda tx: join_group(tx, self.hub, "group-0", STRANGER, History.FROM_JOIN))
        self.secrets = [self.report(value(number), "jurisdiction:US") for number in range(HIDDEN)]
        self.warnings = [self.warning() for _ in range(HIDDEN)]
        for secret in self.secrets:
            self._keep(lambda tx, one=secret: report.accept(tx, self.hub, self.sender(tx, STRANGER), one))
        for warned in self.warnings:
            self._keep(lambda tx, one=warned: warn.accept(tx, self.hub, self.sender(tx, POLICE), one))
        with self.store.reading("chains") as tx:
            self.chains = [
                tx.all("versions_of_warning", {"owner": POLICE, "id": one.id}, into=_Version)[0].chain
                for one in self.warnings
            ]

    def _keep(self, work: Work) -> None:
        self.store.run("prepare", work)

    def _join(self, tx: Transaction, party: str, role: Role, country: str) -> None:
        key = self.keys[party].public
        event = PartyEvent(
            party=party,
            name=f"Party {party[-1]} plc",
            role=role,
            jurisdiction=country,
            standing=Standing.ACTIVE,
            signing_key=key,
            sealing_key=key,
            recovery_key=key,
            agreement="",
        )
        state_party(tx, self.hub, event)

    def sender(self, tx: Transaction, party: str) -> Sender:
        found = party_by_id(tx, party)
        assert found is not None
        return Sender(found, Origin(owner=party, record=party.encode()))

    def id(self, kind: str) -> str:
        return new_id(kind, self.dice.randbytes)

    def report(self, observable: Observable, audience: str = "members") -> Report:
        disclosure = Disclosure(
            self.id("rpt"), Attack.PHISHING, day_of(NOW), (Indicator(observable, "link"),), (), Marking()
        )
        objects = mint(disclosure, self.hub.identity.alliance_identity, self.dice.randbytes)
        raw = tuple(msgspec.Raw(encode(one)) for one in objects)
        return Report(id=disclosure.report_id, sent=NOW, audiences=(audience,), objects=raw)

    def warning(self) -> Warn:
        warning = Warning(
            id=self.id("wrn"),
            author=POLICE,
            title="Password theft by telephone",
            look_for=(value(0),),
            measures="",
            urgency=Urgency.URGENT,
            issued=NOW,
            expires=Instant(NOW + 14 * DAY),
            officers=2,
        )
        said = encode_warning(warning)
        context = Context("warning", self.hub.identity.realm, self.hub.identity.id)
        audiences = ("jurisdiction:US",)
        return Warn(
            id=warning.id,
            sent=NOW,
            audiences=audiences,
            warning=said,
            signature=self.keys[POLICE].sign(context, said),
        )

    def ways(self) -> dict[str, Ask]:
        """Every way of asking about what is hidden."""
        return {
            "report the same value": self._same_value,
            "report under the same identifiers": self._same_report,
            "sight the same value": self._same_sighting,
            "erase it": self._erase,
            "erase the warning": self._erase_warning,
            "answer the warning": self._answer,
            "report to the group": self._group,
            PLANTED: self._planted,
        }

    def _told(self, verb: Verb[T], message: T) -> Work:
        """As it would come over the wire: nothing in it has lain in memory longer than in its counterpart."""
        came = decode(encode(message), type(message))
        return lambda tx: verb(tx, self.hub, self.sender(tx, ASKER), came)

    def _next(self) -> int:
        self.nowhere += 1
        return self.nowhere

    def _same_value(self, number: int, hidden: bool) -> Work:
        message = self.report(value(number if hidden else self._next()))
        return self._told(report.accept, message)

    def _same_report(self, number: int, hidden: bool) -> Work:
        secret = self.secrets[number] if hidden else self.report(value(self._next()))
        message = msgspec.structs.replace(secret, audiences=("members",))
        return self._told(report.accept, message)

    def _same_sighting(self, number: int, hidden: bool) -> Work:
        about = value(number if hidden else self._next())
        message = Sight(id=self.id("msg"), sent=NOW, observable=about, happened=day_of(NOW))
        return self._told(sight.accept, message)

    def _erase(self, number: int, hidden: bool) -> Work:
        fact = self.secrets[number].id if hidden else self.id("rpt")
        message = Erase(id=self.id("msg"), sent=NOW, fact=fact, reason="mistake")
        return self._told(erase.accept, message)

    def _erase_warning(self, number: int, hidden: bool) -> Work:
        fact = self.warnings[number].id if hidden else self.id("wrn")
        message = Erase(id=self.id("msg"), sent=NOW, fact=fact, reason="mistake")
        return self._told(erase.accept, message)

    def _answer(self, number: int, hidden: bool) -> Work:
        chain = self.chains[number] if hidden else self.id("chn")
        message = Acknowledge(id=self.id("msg"), sent=NOW, chain=chain, version=1, answer=Answer.ACTED)
        return self._told(acknowledge.accept, message)

    def _group(self, number: int, hidden: bool) -> Work:
        message = self.report(value(number), f"group:group-{0 if hidden else 1}")
        return self._told(report.accept, message)

    def _planted(self, number: int, hidden: bool) -> Work:
        """What a classifier must notice, or a blind one would prove nothing."""
        work = self._same_value(number, hidden)

        def slower(tx: Transaction) -> object:
            until = time.perf_counter() + (PLANTED_SECONDS if hidden else 0.0)
            while time.perf_counter() < until:
                pass
            return work(tx)

        return slower

    def seconds(self, work: Work) -> float:
        """How long the hub is busy with a request; nothing of it is kept."""
        with suppress(_Undo), self.store.transaction("ask") as tx:
            began = time.perf_counter()
            with suppress(TocsinError), tx.savepoint():
                work(tx)
            took = time.perf_counter() - began
            raise _Undo
        return took

    def measure(self, way: str, ask: Ask, pairs: int) -> Found:
        """Ask that many pairs, each in random order."""
        there: list[float] = []
        nowhere: list[float] = []
        for _ in range(pairs):
            number = self.dice.randrange(HIDDEN)
            both = [(ask(number, hidden), times) for hidden, times in ((True, there), (False, nowhere))]
            self.dice.shuffle(both)
            for work, times in both:
                times.append(self.seconds(work))
        return Found(way, auc(there, nowhere), 1e6 * statistics.median(there + nowhere))


def value(number: int) -> Observable:
    """The n-th value; all are equally long."""
    return Observable(Kind.DOMAIN, f"login-{number:06d}.northbridge-example.co.uk")


def auc(there: list[float], nowhere: list[float]) -> float:
    """The chance that one of `there` is greater than one of `nowhere`, ties half (Mann and Whitney 1947)."""
    ranked = sorted([(one, True) for one in there] + [(one, False) for one in nowhere])
    above = below = 0
    twice = 0
    for group in _ties(ranked):
        mine = sum(group)
        others = len(group) - mine
        twice += mine * (2 * below + others)
        above, below = above + mine, below + others
    return twice / (2 * above * below)


def _ties(ranked: list[tuple[float, bool]]) -> Iterator[list[bool]]:
    """What is equally long, together."""
    group: list[bool] = []
    last = None
    for one, mine in ranked:
        if group and one != last:
            yield group
            group = []
        group.append(mine)
        last = one
    if group:
        yield group


def search(pairs: int, seed: int) -> Iterator[Found]:
    """Each way of asking in turn."""
    house = House(seed)
    gc.collect()
    gc.disable()
    try:
        for way, ask in house.ways().items():
            house.measure(way, ask, min(pairs, 200))  # warm
            yield house.measure(way, ask, pairs)
            gc.collect()
    finally:
        gc.enable()
        house.store.close()


def main() -> int:
    """Print the table; 1 when a way tells, or the planted one does not."""
    parser = argparse.ArgumentParser(prog="oracle", description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs for each way of asking")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    given = parser.parse_args()
    print(f"{given.pairs:,} pairs each, seed {given.seed}; 0.5 ± {TOLERANCE} is blind")
    fine = True
    for found in search(given.pairs, given.seed):
        verdict = "ok" if found.as_it_should_be else "TELLS" if found.way != PLANTED else "MISSED"
        print(
            f"{found.way:<36} AUC {found.auc:.3f}  median {found.microseconds:6.0f} µs  {verdict}", flush=True
        )
        fine = fine and found.as_it_should_be
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
