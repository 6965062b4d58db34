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

from tocsin.errors import StorageError
from tocsin.storage.store import Store, Transaction, Value

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
    code: dict[str, Value] = {"code_hash": digest, "name": few, "role": "bank", "jurisdiction": "GB"}

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
