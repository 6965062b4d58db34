# SPDX-License-Identifier: Apache-2.0
"""The same random moves into every engine give the same answers and leave the same store behind.

A failure is: an answer that differs, a refusal on one engine only, or a table that differs at the end. Which words an
engine finds for a refusal is not compared.
"""

import random
from collections.abc import Callable
from hashlib import sha256

import msgspec
import pytest
from tests.store.conftest import Place
from tests.store.moves import append
from tests.store.test_hub_queries import Receipt, Redeemed, Touched
from tests.store.test_rebuild import Scene
from tests.unit.hub.test_acknowledge import event_of

from tocsin.clock import DAY, HOUR, Instant
from tocsin.domain.party import Role, Standing
from tocsin.domain.warning import Warning
from tocsin.errors import StorageError, TocsinError
from tocsin.follow.directory import sign_change
from tocsin.halves.witness import Proposal, sign_head
from tocsin.hub import receipts
from tocsin.hub.embargo import heeding, release_due
from tocsin.hub.heads.proposing import make, settle
from tocsin.hub.restoring.again import rebuild
from tocsin.hub.restoring.steps import begin, finish, lacking
from tocsin.hub.streams import StreamHead
from tocsin.hub.verbs import keys, warn
from tocsin.hub.verbs.enrol import invite
from tocsin.hub.verbs.keys import rotate_hub_key
from tocsin.hub.views.directory import state_key
from tocsin.ids import new_id
from tocsin.proof import headmap
from tocsin.proof.headmap import HeadMap
from tocsin.proof.merkle import EMPTY
from tocsin.proof.note import log_origin
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.store import Params, Store, Transaction, Value
from tocsin.wire.messages import Warn, encode_warning
from tocsin.wire.parties import KeyChange, KeyEvent, Rotate

Work = Callable[[Transaction], object]
Move = Callable[[Transaction], object]

WAVES = 25
MOVES_IN_A_WAVE = 8


class Spot(msgspec.Struct, frozen=True):
    stream: int
    seq: int


def change(query: str, **params: Value) -> Move:
    return lambda tx: tx.run(query, params)


def a_move(dice: random.Random) -> Move:
    """One thing that a hub does, with arguments that often meet."""
    few = dice.choice(["a", "b", "É", "é", "", "a-b", "🦊"])
    stream, small = dice.choice(["all", "members", "role:agency"]), dice.randrange(6)
    digest, content = bytes([dice.randrange(3)]) * 32, dice.randbytes(dice.randrange(300))
    spot: dict[str, Value] = {"stream": dice.randrange(3), "seq": small}
    code: dict[str, Value] = {
        "code_hash": digest,
        "name": few,
        "role": "bank",
        "jurisdiction": "GB",
        "namesake": 0,
    }

    whose: dict[str, Value] = {"fact": few, "owner": dice.choice([few, str(small), None])}

    def redeem(tx: Transaction) -> object:
        return tx.all("spend_invitation", {"code_hash": digest, "party": few, "now": small}, into=Redeemed)

    def erase(tx: Transaction) -> object:
        touched = tx.all("erase_sources", whose, into=Touched)
        erased = tx.all("erase_bodies", whose, into=Spot)
        return sorted(map(repr, [*touched, *erased])), tx.run("erase_digests", whose)

    return dice.choice(
        [
            lambda tx: append(tx, stream, fact=few, body=content, owner=few or None),
            lambda tx: append(tx, stream, fact=few, body=content),
            lambda tx: tx.all("receipt_of_message", {"party": few, "id": str(small)}, into=Receipt),
            change("insert_object", **spot, owner=few, id=few, modified=small, digest=digest, chain=few),
            change("insert_source", **spot, value=few, party=str(small), attended=small % 2),
            change("set_band", stream=small % 3, value=few, band=str(small), fact=few),
            change("insert_nonce", keyid=few, nonce=str(small), expires=small),
            change("purge_nonces", now=small),
            change("insert_message", party=few, id=str(small), receipt=content, added=small),
            change("insert_invitation", **code, expires=small),
            change("append_log", size=small, leaf=digest, frontier=content, note=few, added=small),
            change("cosign_log", size=small, cosigned=few),
            change("set_meta", key=few, value=content),
            redeem,
            erase,
        ]
    )


def play(store: Store, seed: int) -> list[object]:
    """What each move answered, or that it was refused; some waves are undone as a whole."""
    dice = random.Random(seed)
    answers: list[object] = []
    for _ in range(WAVES):
        moves = [a_move(dice) for _ in range(MOVES_IN_A_WAVE)]
        undone = dice.randrange(5) == 0
        try:
            with store.transaction("wave") as tx:
                answers += [answer(tx, move) for move in moves]
                if undone:
                    raise InterruptedError
        except InterruptedError:
            answers.append("undone")
    return answers


def answer(tx: Transaction, move: Move) -> object:
    try:
        with tx.savepoint():
            return move(tx)
    except StorageError:
        return "refused"


def dump(place: Place) -> dict[str, str]:
    """A digest of every table's rows, in the order of their bytes."""
    return {
        table: sha256(repr(sorted(map(repr, place.look(f"SELECT * FROM {table}")))).encode()).hexdigest()
        for table in sorted(place.engines[0].tables())
    }


class Years(Scene):
    """Everything that a hub does in its life, by the product's own verbs, as `Scene` does a part of it."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.answers: list[str] = []
        self._heads, self._log = HeadMap(), EMPTY
        self._proposed: tuple[Proposal, int] | None = None
        self._key_of_hub = self.hub.identity.signing_key
        self.store.run("state key", lambda tx: state_key(tx, self.hub, self._declared()))

    def _declared(self) -> KeyEvent:
        return KeyEvent(holder="hub", key=str(self.hub.identity.verifier(self._key_of_hub.public)))

    def move(self, what: str, a: int, b: int, c: int) -> None:
        """What it answered is kept, or what it was refused with."""
        self.clock.advance(1_000_000)
        work = getattr(self, "_" + what.replace(" ", "_"))(a, b, c)
        if work is None:
            return
        self.last = work
        try:
            self.answers.append(repr(self.store.run("move", work)))
        except TocsinError as error:
            self.answers.append(type(error).__name__)

    def _embargo(self, a: int, b: int, c: int) -> Work:
        """A warning that is held back; it comes by `release`, or its author takes it back before."""
        self._warn(a, b, c)
        now = self.clock.now()
        warning = msgspec.structs.replace(self.warnings[-1], issued=now, expires=Instant(now + 89 * DAY))
        self.warnings[-1] = warning
        told = Warn(
            id=warning.id,
            sent=self.clock.now(),
            audiences=("all", "members"),
            warning=encode_warning(warning),
            signature=self._signed(warning),
            not_before=Instant(self.clock.now() + (1 + c) * 8 * DAY),
        )
        verb = heeding(warn.accept)
        return lambda tx: verb(tx, self.hub, self._sender(self.agency), told)

    def _signed(self, warning: Warning) -> bytes:
        identity = self.hub.identity
        return self.key.sign(Context("warning", identity.realm, identity.id), encode_warning(warning))

    def _release(self, a: int, b: int, c: int) -> Work:
        self.clock.advance(a * DAY)
        return lambda tx: release_due(tx, self.hub)

    def _hub_key(self, a: int, b: int, c: int) -> Work:
        before, after = self._key_of_hub, SigningKey.from_seed(self.dice.randbytes(32))
        if a % 3:
            self._key_of_hub = after
        else:
            before = after  # a key that is nobody's
        return lambda tx: rotate_hub_key(tx, self.hub, before, after)

    def _agency_key(self, a: int, b: int, c: int) -> Work:
        before, after = self.key, SigningKey.from_seed(self.dice.randbytes(32))
        change = KeyChange(
            by=before.public,
            signing_key=after.public,
            sealing_key=bytes([9, *bytes(31)]),
            recovery_key=event_of(self.agency, Standing.ACTIVE).recovery_key,
        )
        identity = self.hub.identity
        signed = sign_change(change, before, after, identity.realm, identity.id)
        told = Rotate(id=new_id("msg", self.dice.randbytes), sent=self.clock.now(), change=signed)

        def work(tx: Transaction) -> object:
            outcomes = keys.accept(tx, self.hub, self._sender(self.agency), told)
            self.key = after
            self.agency = msgspec.structs.replace(self.agency, signing_key=after.public)
            return outcomes

        return work

    def _invite(self, a: int, b: int, c: int) -> Work:
        return lambda tx: invite(tx, self.hub, f"Bank {a}", Role.BANK, "GB")

    def _receipt(self, a: int, b: int, c: int) -> Work:
        """As the intake does it: a nonce, an earlier receipt or a new one, and what is old goes."""
        bank, body, now = self.banks[a % 6].id, bytes([b]), self.clock.now()

        def work(tx: Transaction) -> object:
            tx.run("purge_nonces", {"now": now - HOUR})
            fresh = tx.run("insert_nonce", {"keyid": bank, "nonce": f"{c}", "expires": now})
            if receipt := receipts.earlier(tx, bank, f"msg_{b}", body):
                return receipt
            receipt = receipts.write(tx, self.hub, bank, f"msg_{b}", body, ())
            tx.run("purge_messages", {"before": now - 4 * HOUR})
            return fresh, tx.run(
                "insert_message", {"party": bank, "id": f"msg_{b}", "receipt": receipt, "added": now}
            )

        return work

    def _head(self, a: int, b: int, c: int) -> Work:
        """The next head over all streams, with its proposal; one in two is co-signed by the next."""

        def work(tx: Transaction) -> object:
            if self._proposed and b % 2:
                proposal, size = self._proposed
                settle(tx, proposal, size, "cosigned")
            heads = tx.all("stream_heads", {}, into=StreamHead)
            identity = self.hub.identity
            changed = [headmap.StreamHead(one.key, one.size, one.root) for one in heads]
            signed = sign_head(
                self._heads.changed(changed),
                self._log,
                log_origin(identity.id, identity.realm),
                self._key_of_hub,
            )
            row: Params = {"size": signed.log.size, "leaf": signed.heads.log_leaf(), "note": signed.note}
            made = tx.run("append_log", {**row, "frontier": signed.log.to_bytes(), "added": self.clock.now()})
            for one in heads:
                tx.run("note_stream", {"number": one.number, "size": one.size, "root": one.root})
            self._heads, self._log = signed.heads, signed.log
            self._proposed = make(tx, signed), signed.log.size
            return made, signed.note

        return work

    def _restore(self, a: int, b: int, c: int) -> Work:
        """It comes back whole from a backup, and makes its views anew."""

        def work(tx: Transaction) -> object:
            was = begin(tx, self.hub.identity.verifier(self._key_of_hub.public))
            lacked = lacking(tx)
            event = finish(tx, self.hub, None, None)
            rebuild(tx, self.hub)
            return was, lacked, event

        return work


WHAT = [
    *["report"] * 4, "sight", "warn", "next version", "answer", "answer", "take back", "erase by law", "standing",
    "join", "leave", "again", "agreement", "age", "embargo", "embargo", "release", "hub key", "agency key", "invite",
    "receipt", "receipt", "head", "restore",
]  # fmt: skip


def live(place: Place, seed: int) -> list[str]:
    """What everything answered that a hub did in its life."""
    years, dice = Years(place), random.Random(seed)
    for _ in range(120):
        years.move(dice.choice(WHAT), dice.randrange(10), dice.randrange(10), dice.randrange(10))
    return years.answers


@pytest.mark.processes
@pytest.mark.parametrize("seed", range(4))
def test_every_engine_lives_the_same_life(every_place: list[Place], seed: int) -> None:
    answers = [live(place, seed) for place in every_place]
    dumps = [dump(place) for place in every_place]
    assert answers[0] == answers[1] == answers[2]
    assert dumps[0] == dumps[1] == dumps[2]
    refused = sum(answer.isidentifier() and answer != "None" for answer in answers[0])
    assert 0.05 < refused / len(answers[0]) < 0.6


def test_a_life_fills_every_table() -> None:
    place = Place("memory", ":memory:")
    place.open()
    empty = set(place.engines[0].tables())
    place.close()
    for seed in range(4):
        place = Place("memory", ":memory:")
        live(place, seed)
        empty -= {table for table in empty if place.look(f"SELECT 1 FROM {table} LIMIT 1")}
        place.close()
    # A stream that waits for a reader, and one of 256 entries: `tests/unit/hub/test_restoring.py`, `test_proving.py`.
    # Those of the anonymous path: `tests/store/test_anonymous.py`.
    assert empty == {"closed", "edge", "subtree"} | {"epoch", "issued", "spent", "escrow", "false_tokens"}


@pytest.mark.processes
@pytest.mark.parametrize("seed", range(6))
def test_every_engine_answers_and_remembers_the_same(every_place: list[Place], seed: int) -> None:
    answers = [play(place.open(), seed) for place in every_place]
    dumps = [dump(place) for place in every_place]
    assert answers[0] == answers[1] == answers[2]
    assert dumps[0] == dumps[1] == dumps[2]


def test_the_moves_are_neither_all_refused_nor_all_accepted() -> None:
    place = Place("memory", ":memory:")
    answers = [answer for seed in range(6) for answer in play(place.open(), seed)]
    place.close()
    refused = answers.count("refused") / len(answers)
    assert 0.05 < refused < 0.5
