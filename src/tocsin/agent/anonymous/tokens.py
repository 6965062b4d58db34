# SPDX-License-Identifier: Apache-2.0
"""This party's tokens of an epoch: asked for all at once, kept sealed, and gone when they are used.

Everything that is drawn for them comes by HKDF (RFC 5869) from one seed in the vault, so that whoever asks again, after
a crash or a lost answer, asks the same::

    seed of token n  = HKDF-SHA256( seed, info = label ‖ SHA-256(document) ‖ n:8 ), 32 B      `tocsin.halves.candidates`

Of class ``accountable`` the issuer says which half is to be opened (`tocsin.halves.audit`), once: what it says first is
kept with the seed, and nothing is opened for another choice. What was opened is never used.

The seed goes when the tokens are here: from then on each token holds what it needs, and its use deletes it. Then
nothing on this machine tells which token a report had.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tocsin.agent.anonymous.epochs import Epoch
from tocsin.agent.vault import TokenSeed, Vault
from tocsin.errors import Malformed, ProofError
from tocsin.halves import audit
from tocsin.halves.candidates import SEED_BYTES, Asker, Candidate, party_bytes
from tocsin.ids import Entropy
from tocsin.privacy.box import Box
from tocsin.privacy.tokens import finish
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.audit import OpenTokens
from tocsin.wire.epoch import AskTokens, IssuedTokens

_LABEL = b"tocsin/token seed/v1"
_ISSUED = "tokens-issued"
"""The mark that names the last epoch whose tokens were here."""


class Ticket(msgspec.Struct, frozen=True):
    """One unused token with its one-time key."""

    token: bytes
    random: bytes
    one_time_seed: bytes
    escrow: bytes = b""

    def __repr__(self) -> str:
        return "Ticket(…)"  # no log shall hold it


class _Row(msgspec.Struct, frozen=True):
    place: int
    box: bytes


class _Mark(msgspec.Struct, frozen=True):
    value: str


class _Count(msgspec.Struct, frozen=True):
    tokens: int


def wanted(tx: Transaction, epoch: Epoch) -> bool:
    """Whether this party has still to ask for its tokens of an epoch."""
    last = tx.one("mark", {"name": _ISSUED}, into=_Mark)
    return last is None or int(last.value) < epoch.number


def seed_for(tx: Transaction, vault: Vault, epoch: Epoch, entropy: Entropy) -> TokenSeed | None:
    """The seed for an epoch's tokens, drawn now if there was none; None when they have been here."""
    if not wanted(tx, epoch):
        return None
    seed = vault.token_seed(tx)
    if seed is None or seed.epoch != epoch.number:
        seed = TokenSeed(epoch.number, entropy(SEED_BYTES))
        vault.keep_token_seed(tx, seed)
    return seed


def question(seed: TokenSeed, epoch: Epoch, party: str) -> AskTokens:
    """What is asked for them: always as many as all ask for, whether this party will report or not."""
    requests = tuple(one.request for one in _candidates(seed, epoch, party, range(epoch.terms.asked)))
    return AskTokens(number=epoch.number, requests=requests)


def choose(tx: Transaction, vault: Vault, seed: TokenSeed, draw: bytes) -> TokenSeed:
    """The seed with what the issuer chose to be opened; ProofError when it chose something else before.

    Whoever opened for two choices would open more than half, and what is opened hides nobody.
    """
    audit.chosen(draw, 0)
    if seed.draw not in (b"", draw):
        raise ProofError(
            f"The hub chose other tokens of epoch {seed.epoch} to be opened than before: so it could come to know all.",
            next_step="Ask the hub's operator. This party opens nothing, and has no token in that epoch.",
        )
    kept = msgspec.structs.replace(seed, draw=draw)
    vault.keep_token_seed(tx, kept)
    return kept


def give_up(tx: Transaction, vault: Vault, epoch: Epoch) -> None:
    """Ask for no token of an epoch any more, and let go of the seed."""
    tx.run("save_mark", {"name": _ISSUED, "value": str(epoch.number)})
    vault.forget_token_seed(tx)


def opened(seed: TokenSeed, epoch: Epoch, party: str, key: SigningKey) -> OpenTokens:
    """The chosen half, opened, under this party's signature."""
    places = audit.chosen(seed.draw, epoch.terms.asked)
    seeds = [_seed_at(seed, epoch, place) for place in places]
    requests = question(seed, epoch, party).requests
    return audit.opening(_asker(epoch, party), requests, seed.draw, seeds, key)


def finished(seed: TokenSeed, epoch: Epoch, party: str, issued: IssuedTokens) -> list[Ticket]:
    """The tokens, each verified; Malformed or BadSignature when the issuer did not answer what was asked."""
    if len(issued.answers) != epoch.terms.quota:
        raise Malformed("The hub answered another number of requests than were asked.")
    asked = epoch.terms.asked
    places = audit.others(seed.draw, asked) if seed.draw else range(asked)
    drawn = _candidates(seed, epoch, party, places)
    return [
        Ticket(finish(one.pending, answer).to_bytes(), one.random, one.one_time_seed, one.escrow)
        for one, answer in zip(drawn, issued.answers, strict=True)
    ]


def keep(tx: Transaction, vault: Vault, epoch: Epoch, tickets: Sequence[Ticket]) -> None:
    """Keep tokens that were issued, and let go of their seed."""
    for place, ticket in enumerate(tickets):
        sealed = vault.box.seal(msgspec.json.encode(ticket), _place(epoch.number, place))
        tx.run("keep_token", {"epoch": epoch.number, "place": place, "box": sealed})
    tx.run("save_mark", {"name": _ISSUED, "value": str(epoch.number)})
    vault.forget_token_seed(tx)


def take(tx: Transaction, box: Box, number: int) -> Ticket | None:
    """Use a token of an epoch up: it is nowhere afterwards but where the caller puts it. None when there is none."""
    row = tx.one("next_token", {"epoch": number}, into=_Row)
    if row is None:
        return None
    tx.run("drop_token", {"epoch": number, "place": row.place})
    return msgspec.json.decode(box.open(row.box, _place(number, row.place)), type=Ticket)


def held(tx: Transaction, number: int) -> int:
    """How many tokens of an epoch are left."""
    row = tx.one("count_tokens", {"epoch": number}, into=_Count)
    return row.tokens if row else 0


def forget(tx: Transaction, number: int) -> None:
    """Tokens of epochs before this one count nowhere."""
    tx.run("forget_tokens", {"epoch": number})


def _candidates(seed: TokenSeed, epoch: Epoch, party: str, places: Sequence[int]) -> list[Candidate]:
    asker = _asker(epoch, party)
    return [asker.candidate(_seed_at(seed, epoch, place)) for place in places]


def _asker(epoch: Epoch, party: str) -> Asker:
    return Asker(epoch.terms, epoch.document, party_bytes(party))


def _seed_at(seed: TokenSeed, epoch: Epoch, place: int) -> bytes:
    """What everything in one token is drawn from."""
    info = _LABEL + sha256(epoch.document).digest() + place.to_bytes(8)
    return HKDF(SHA256(), SEED_BYTES, None, info).derive(seed.seed)


def _place(number: int, place: int) -> str:
    return f"token/{number}/{place}"
