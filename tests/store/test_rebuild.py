# SPDX-License-Identifier: Apache-2.0
"""Every view of the hub, kept up to date move by move, is what a rebuild over the log as it now stands gives.

Moves come in any order, twice, and at the wrong moment: reports, sightings, warnings and their versions, answers,
erasures by their authors and by the operator, parties that are suspended, reinstated or leave, and rosters that change.
"""

import random
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.conftest import ON_POSTGRES, Place, make
from tests.unit.hub.test_acknowledge import event_of

from tocsin.clock import DAY, Instant, ManualClock, day_of
from tocsin.config.hub import HubConfig
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.audience import History
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.level import COUNTS_FOR
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Party, Role, Standing
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import TocsinError
from tocsin.hub.assembly import exchange
from tocsin.hub.exchange import Sender
from tocsin.hub.restoring.again import rebuild
from tocsin.hub.retention import lower
from tocsin.hub.streams import HUB_ITSELF, Origin
from tocsin.hub.verbs import acknowledge, report, sight, warn
from tocsin.hub.verbs.erase import erase_fact
from tocsin.hub.verbs.roster import join_group, leave_group
from tocsin.hub.verbs.standing import announce_agreement, change_standing
from tocsin.hub.views.directory import party_by_id, state_party
from tocsin.ids import new_id
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.answering import Acknowledge
from tocsin.wire.messages import Report, Sight, Warn, encode, encode_warning
from tocsin.wire.stix21 import mint

NOW = Instant(1_795_249_800_000_000)
VIEWS = {
    "party": "id",
    "declared": "holder, seq",
    "membership": "name, party, since",
    "object": "stream, seq",
    "warning": "stream, seq",
    "source": "stream, value, party, seq",
    "band": "stream, value",
    "answer": "home, seq, stream",
    "answer_band": "chain, version, stream, role",
}
AUDIENCES = ((), ("all", "members"), ("group:cards",), ("jurisdiction:GB",))
VALUES = tuple(Observable(Kind.DOMAIN, f"login-{number}.example") for number in range(3))

Move = tuple[str, int, int, int]
MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            ["report"] * 4
            + ["sight", "warn", "next version", "answer", "answer", "answer"]
            + ["take back", "erase by law", "standing", "join", "leave", "again", "agreement", "age"]
        ),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=30,
    max_size=90,
)


class Scene:
    """One hub's store with an agency and six banks."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.store = place.open()
        self.dice = random.Random(20261121)
        self.clock = ManualClock(NOW)
        config = HubConfig(alliance="A", public_url="http://hub.example")
        self.hub = exchange(config, bytes(64), self.clock, self.dice.randbytes)
        self.key = SigningKey.from_seed(bytes(32))
        self.agency = self._enter(Role.AGENCY, self.key.public)
        self.banks = [self._enter(Role.BANK, self.dice.randbytes(32)) for _ in range(6)]
        self.facts: list[tuple[Party, str]] = []
        self.warnings: list[Warning] = []
        self.last: Callable[[Transaction], object] = lambda tx: None

    def _enter(self, role: Role, key: bytes) -> Party:
        party = Party(
            new_id("prt", self.dice.randbytes), "A party", role, "GB", Standing.ACTIVE, key, bytes(32)
        )
        self.store.run("join", lambda tx: state_party(tx, self.hub, event_of(party, Standing.ACTIVE)))
        return party

    def move(self, what: str, a: int, b: int, c: int) -> None:
        self.clock.advance(1_000_000)
        work = getattr(self, "_" + what.replace(" ", "_"))(a, b, c)
        if work is not None:
            self.last = work
            try:
                self.store.run("move", work)
            except TocsinError:
                return

    def _sender(self, party: Party) -> Sender:
        return Sender(party, Origin(party.id, b"origin"))

    def _report(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        bank, identifier = self.banks[a % 6], new_id("rpt", self.dice.randbytes)
        indicators = tuple(Indicator(one, "link") for one in VALUES[: 1 + b % 3])
        found = Disclosure(identifier, Attack.PHISHING, day_of(NOW), indicators, (), Marking())
        objects = mint(found, self.hub.identity.alliance_identity, self.dice.randbytes)
        told = Report(
            id=identifier,
            sent=NOW,
            audiences=AUDIENCES[c % 4],
            objects=tuple(msgspec.Raw(encode(one)) for one in objects),
            unattended=b % 2 == 1,
        )
        self.facts.append((bank, identifier))
        return self._if_active(bank, lambda tx: report.accept(tx, self.hub, self._sender(bank), told))

    def _sight(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        bank, identifier = self.banks[a % 6], new_id("msg", self.dice.randbytes)
        audience = ("members", "all")[c % 2]
        told = Sight(
            id=identifier, sent=NOW, audience=audience, observable=VALUES[b % 3], happened="2026-11-20"
        )
        self.facts.append((bank, identifier))
        return self._if_active(bank, lambda tx: sight.accept(tx, self.hub, self._sender(bank), told))

    def _warn(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        self.warnings.append(
            Warning(
                id=new_id("wrn", self.dice.randbytes),
                author=self.agency.id,
                title="A wave",
                look_for=(VALUES[0],),
                measures="",
                urgency=Urgency.URGENT,
                issued=NOW,
                expires=Instant(NOW + DAY),
                officers=2,
            )
        )
        self.facts.append((self.agency, self.warnings[-1].id))
        return self._issue(self.warnings[-1], self.warnings[-1].id)

    def _next_version(self, a: int, b: int, c: int) -> Callable[[Transaction], object] | None:
        if not self.warnings:
            return None
        at = a % len(self.warnings)
        self.warnings[at] = msgspec.structs.replace(
            self.warnings[at], version=self.warnings[at].version + 1, title=f"A wave, {b}"
        )
        return self._issue(self.warnings[at], new_id("msg", self.dice.randbytes))

    def _issue(self, warning: Warning, identifier: str) -> Callable[[Transaction], object]:
        data = encode_warning(warning)
        context = Context("warning", self.hub.identity.realm, self.hub.identity.id)
        signature = self.key.sign(context, data)
        told = Warn(id=identifier, sent=NOW, audiences=("all", "members"), warning=data, signature=signature)
        return lambda tx: warn.accept(tx, self.hub, self._sender(self.agency), told)

    def _answer(self, a: int, b: int, c: int) -> Callable[[Transaction], object] | None:
        chains = self.place.look("SELECT DISTINCT chain, version FROM warning ORDER BY chain, version")
        if not chains:
            return None
        bank, identifier = self.banks[a % 6], new_id("msg", self.dice.randbytes)
        chain, version = chains[b % len(chains)]
        answer = list(Answer)[c % 3]
        told = Acknowledge(
            id=identifier, sent=NOW, chain=str(chain), version=int(str(version)), answer=answer
        )
        self.facts.append((bank, identifier))
        return self._if_active(bank, lambda tx: acknowledge.accept(tx, self.hub, self._sender(bank), told))

    def _if_active(
        self, bank: Party, work: Callable[[Transaction], object]
    ) -> Callable[[Transaction], object]:
        """As the intake does: whoever is not active is not heard."""

        def asked(tx: Transaction) -> None:
            known = party_by_id(tx, bank.id)
            if known is not None and known.standing is Standing.ACTIVE:
                work(tx)

        return asked

    def _take_back(self, a: int, b: int, c: int) -> Callable[[Transaction], object] | None:
        if not self.facts:
            return None
        owner, fact = self.facts[(a * 10 + b) % len(self.facts)]
        return lambda tx: erase_fact(tx, self.hub, fact, "mistake", Origin(owner.id, b"origin"))

    def _erase_by_law(self, a: int, b: int, c: int) -> Callable[[Transaction], object] | None:
        if not self.facts:
            return None
        _, fact = self.facts[(a * 10 + b) % len(self.facts)]
        return lambda tx: erase_fact(tx, self.hub, fact, "legal", HUB_ITSELF)

    def _standing(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        wanted = (Standing.SUSPENDED, Standing.ACTIVE, Standing.ACTIVE, Standing.LEFT)[b % 4]
        return lambda tx: change_standing(tx, self.hub, self.banks[a % 6].id, wanted, "incident")

    def _join(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        history = list(History)[b % 2]
        return lambda tx: join_group(tx, self.hub, "cards", self.banks[a % 6].id, history)

    def _leave(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        return lambda tx: leave_group(tx, self.hub, "cards", self.banks[a % 6].id)

    def _again(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        """What came last comes once more."""
        return self.last

    def _age(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        """Days pass, and the slow tick comes or has not come yet."""
        self.clock.advance((1 + a) * COUNTS_FOR // 10)
        return lambda tx: lower(tx, self.hub) if b % 3 else None

    def _agreement(self, a: int, b: int, c: int) -> Callable[[Transaction], object]:
        return lambda tx: announce_agreement(tx, self.hub, f"{a}{b}" * 32)

    def views(self) -> dict[str, list[tuple[object, ...]]]:
        return {
            view: self.place.look(f"SELECT * FROM {view} ORDER BY {order}") for view, order in VIEWS.items()
        }


@pytest.mark.parametrize("kind", ["memory", "file", ON_POSTGRES])
def test_every_view_is_what_a_rebuild_gives(
    kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    filled: dict[str, int] = dict.fromkeys(VIEWS, 0)

    @settings(
        max_examples=60 if kind == "memory" else 12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(MOVES)
    def holds(moves: list[Move]) -> None:
        place = make(kind, request, tmp_path_factory.mktemp("views"))
        try:
            scene = Scene(place)
            for one in moves:
                scene.move(*one)
            before = scene.views()
            scene.store.run("rebuild", lambda tx: rebuild(tx, scene.hub))
            assert scene.views() == before
            for view, rows in before.items():
                filled[view] += len(rows)
        finally:
            place.close()

    holds()
    assert all(filled.values()), f"the moves never filled a view: {filled}"
