# SPDX-License-Identifier: Apache-2.0
"""The bands of answers, kept up to date move by move, are what a rebuild over the log as it now stands gives."""

import random
from collections import Counter

import msgspec
import pytest
from tests.store.conftest import Place
from tests.unit.hub.test_acknowledge import event_of

from tocsin.clock import DAY, Instant, ManualClock
from tocsin.config.hub import HubConfig
from tocsin.domain.acknowledgement import Answer, answers_of
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Party, Role, Standing
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import TocsinError
from tocsin.hub.assembly import exchange
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import Origin
from tocsin.hub.verbs import acknowledge, warn
from tocsin.hub.verbs.erase import erase_fact
from tocsin.hub.views.answers import recount
from tocsin.hub.views.directory import state_party
from tocsin.ids import new_id
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.store import Store, Transaction
from tocsin.wire.answering import Acknowledge, AcknowledgementEvent, AnswersEvent
from tocsin.wire.messages import Warn, decode, encode_warning

NOW = Instant(1_795_249_800_000_000)
MOVES = 60
BANKS = 7
AWAY = 2
"""Banks that may be suspended at once: at least three stay, so that bands are published."""


class Scene:
    """One hub's store, an agency with three warnings in two streams, and banks that answer them."""

    def __init__(self, place: Place, seed: int) -> None:
        self.dice = random.Random(seed)
        self.hub: Exchange = exchange(
            HubConfig(alliance="A", public_url="http://hub.example"),
            bytes(64),
            ManualClock(NOW),
            self.dice.randbytes,
        )
        self.place = place
        self.store: Store = place.open()
        self.key = SigningKey.from_seed(bytes(32))
        self.agency, *self.banks = [self._join(Role.AGENCY), *(self._join(Role.BANK) for _ in range(BANKS))]
        self.away: set[str] = set()
        self.answered: list[tuple[str, str]] = []
        self.warnings = [self._warn() for _ in range(3)]

    def _join(self, role: Role) -> Party:
        key = self.key.public if role is Role.AGENCY else self.dice.randbytes(32)
        identifier = new_id("prt", self.dice.randbytes)
        party = Party(identifier, "A party", role, "GB", Standing.ACTIVE, key, bytes(32))
        self.store.run("join", lambda tx: state_party(tx, self.hub, event_of(party, Standing.ACTIVE)))
        return party

    def _warn(self) -> str:
        warning = Warning(
            id=new_id("wrn", self.dice.randbytes),
            author=self.agency.id,
            title="A wave",
            look_for=(Observable(Kind.DOMAIN, "evil.example"),),
            measures="",
            urgency=Urgency.URGENT,
            issued=NOW,
            expires=Instant(NOW + DAY),
            officers=2,
        )
        data = encode_warning(warning)
        context = Context("warning", self.hub.identity.realm, self.hub.identity.id)
        told = Warn(
            id=warning.id,
            sent=NOW,
            audiences=("all", "members"),
            warning=data,
            signature=self.key.sign(context, data),
        )
        sender = Sender(self.agency, Origin(self.agency.id, b"origin"))
        self.store.run("warn", lambda tx: warn.accept(tx, self.hub, sender, told))
        return warning.id

    def move(self) -> None:
        what = self.dice.choice(["answer"] * 6 + ["take back", "standing", "erase warning"])
        if what == "answer":
            self._answer()
        elif what == "take back" and self.answered:
            party, fact = self.answered.pop(self.dice.randrange(len(self.answered)))
            self._do(lambda tx: erase_fact(tx, self.hub, fact, "mistake", Origin(party, b"origin")))
        elif what == "standing":
            self._change_standing()
        elif what == "erase warning" and self.dice.random() < 0.2:
            fact = self.dice.choice(self.warnings)
            self._do(lambda tx: erase_fact(tx, self.hub, fact, "mistake", Origin(self.agency.id, b"origin")))

    def _answer(self) -> None:
        bank, fact = self.dice.choice(self.banks), new_id("msg", self.dice.randbytes)
        ((chain,),) = self.place.look(
            f"SELECT DISTINCT chain FROM warning WHERE id = '{self.dice.choice(self.warnings)}'"
        )
        said = Acknowledge(
            id=fact, sent=NOW, chain=str(chain), version=1, answer=self.dice.choice(list(Answer))
        )
        sender = Sender(bank, Origin(bank.id, b"origin"))
        if self._do(lambda tx: acknowledge.accept(tx, self.hub, sender, said)):
            self.answered.append((bank.id, fact))

    def _change_standing(self) -> None:
        bank = self.dice.choice(self.banks)
        if bank.id in self.away:
            self.away.discard(bank.id)
        elif len(self.away) < AWAY:
            self.away.add(bank.id)
        standing = Standing.SUSPENDED if bank.id in self.away else Standing.ACTIVE

        def work(tx: Transaction) -> None:
            state_party(tx, self.hub, event_of(bank, standing))
            recount(tx, self.hub, bank.id)

        self.store.run("standing", work)

    def _do(self, work) -> bool:
        try:
            self.store.run("move", work)
        except TocsinError:
            return False
        return True


def rebuilt(scene: Scene) -> dict[tuple[str, str, str], Counter[Answer]]:
    """chain, stream, role → how many parties gave each answer last: from bodies, origins and standings alone."""
    standing = {
        (str(chain), str(name))
        for chain, name in scene.place.look(
            "SELECT chain, stream.name FROM warning JOIN stream ON stream.number = warning.stream "
            "JOIN body ON body.stream = warning.stream AND body.seq = warning.seq"
        )
    }
    said = scene.place.look(
        "SELECT owner, entry.seq, body FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq "
        "JOIN origin ON origin.stream = entry.stream AND origin.seq = entry.seq "
        "WHERE kind = 'acknowledgement' ORDER BY owner, entry.seq"
    )
    last: dict[tuple[str, str], Answer] = {}
    for owner, _, body in said:
        event = decode(bytes(body), AcknowledgementEvent)  # type: ignore[arg-type]
        last[str(owner), event.chain] = event.answer
    found: dict[tuple[str, str, str], Counter[Answer]] = {}
    for (owner, chain), answer in last.items():
        for name in ("all", "members"):
            if owner not in scene.away and (chain, name) in standing:
                found.setdefault((chain, name, "bank"), Counter())[answer] += 1
    return found


def published(scene: Scene) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """The last bands in the log, by what they are about."""
    found = {}
    for (body,) in scene.place.look(
        "SELECT body FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq "
        "WHERE kind = 'answers' ORDER BY entry.stream, entry.seq"
    ):
        event = decode(bytes(body), AnswersEvent)  # type: ignore[arg-type]
        about = (event.chain, event.audience, event.role)
        found[about] = (event.received, event.acted, event.not_affected)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_what_was_kept_up_to_date_is_what_a_rebuild_gives(place: Place, seed: int) -> None:
    scene = Scene(place, seed)
    for _ in range(MOVES):
        scene.move()
    counts = rebuilt(scene)
    bands = {
        about: tuple(msgspec.structs.astuple(answers_of(dict(counted)))) for about, counted in counts.items()
    }
    said = published(scene)
    assert {about: found for about, found in said.items() if about in bands} == bands
    assert all(set(found) == {"0"} for about, found in said.items() if about not in bands)
    table = {
        (str(chain), str(name), str(role)): tuple(map(str, found))
        for chain, name, role, *found in place.look(
            "SELECT chain, stream.name, role, received, acted, not_affected FROM answer_band "
            "JOIN stream ON stream.number = answer_band.stream"
        )
    }
    assert table == said


def test_the_moves_are_worth_playing(place: Place) -> None:
    scene = Scene(place, 0)
    for _ in range(MOVES):
        scene.move()
    assert scene.answered
    assert published(scene)
    assert rebuilt(scene)
