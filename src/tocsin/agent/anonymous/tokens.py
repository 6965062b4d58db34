# SPDX-License-Identifier: Apache-2.0
"""This party's tokens of an epoch: asked for all at once, kept sealed, and gone when they are used.

Everything that is drawn for them comes by HKDF (RFC 5869) from one seed in the vault, so that whoever asks again, after
a crash or a lost answer, asks the same::

    key of token n   = HKDF-SHA256( seed, info = label ‖ SHA-256(document) ‖ n:8 ), 32 B:  one-time key (Ed25519 seed)
                       32 B more: random part of the nonce; 48 B: salt; 272 B: blinding factor

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
from tocsin.errors import Malformed
from tocsin.ids import Entropy
from tocsin.privacy.box import Box
from tocsin.privacy.tokens import Pending, TokenKey, ask, finish, token_nonce
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.epoch import AskTokens, IssuedTokens

_LABEL = b"tocsin/token seed/v1"
_ISSUED = "tokens-issued"
"""The mark that names the last epoch whose tokens were here."""
_SEED_BYTES = 32
_KEY, _RANDOM, _SALT, _FACTOR = 32, 32, 48, 272


class Ticket(msgspec.Struct, frozen=True):
    """One unused token with its one-time key."""

    token: bytes
    random: bytes
    one_time_seed: bytes

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
        seed = TokenSeed(epoch.number, entropy(_SEED_BYTES))
        vault.keep_token_seed(tx, seed)
    return seed


def question(seed: TokenSeed, epoch: Epoch) -> AskTokens:
    """What is asked for them: always the whole quota, whether this party will report or not."""
    requests = tuple(one.request.to_bytes() for _, one in _drawn(seed, epoch))
    return AskTokens(number=epoch.number, requests=requests)


def finished(seed: TokenSeed, epoch: Epoch, issued: IssuedTokens) -> list[Ticket]:
    """The tokens, each verified; Malformed or BadSignature when the issuer did not answer what was asked."""
    if len(issued.answers) != epoch.terms.quota:
        raise Malformed("The hub answered another number of requests than were asked.")
    drawn = _drawn(seed, epoch)
    return [
        msgspec.structs.replace(ticket, token=finish(pending, answer).to_bytes())
        for (ticket, pending), answer in zip(drawn, issued.answers, strict=True)
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


def _drawn(seed: TokenSeed, epoch: Epoch) -> list[tuple[Ticket, Pending]]:
    key = TokenKey.parse(epoch.terms.issuer_key)
    challenge = epoch.terms.challenge(epoch.document)
    every = []
    for place in range(epoch.terms.quota):
        one_time, random, salt, factor = _parts(seed.seed, epoch.document, place)
        nonce = token_nonce(random, SigningKey.from_seed(one_time).public)
        every.append((Ticket(b"", random, one_time), ask(key, challenge, nonce, salt=salt, random=factor)))
    return every


def _parts(seed: bytes, document: bytes, place: int) -> tuple[bytes, bytes, bytes, bytes]:
    """What is drawn for one token."""
    info = _LABEL + sha256(document).digest() + place.to_bytes(8)
    drawn = HKDF(SHA256(), _KEY + _RANDOM + _SALT + _FACTOR, None, info).derive(seed)
    at, parts = 0, []
    for size in (_KEY, _RANDOM, _SALT, _FACTOR):
        parts.append(drawn[at : at + size])
        at += size
    one_time, random, salt, factor = parts
    return one_time, random, salt, factor


def _place(number: int, place: int) -> str:
    return f"token/{number}/{place}"
