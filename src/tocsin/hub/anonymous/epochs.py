# SPDX-License-Identifier: Apache-2.0
"""An epoch that lives, with its keys, and who its members are."""

from collections.abc import Iterable
from functools import cached_property

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import MEMBERS
from tocsin.domain.party import Standing
from tocsin.errors import ConfigError
from tocsin.files import NumberedSecrets
from tocsin.hub.anonymous.keys import EpochKeys
from tocsin.hub.views.anonymous import STATED, EpochRow
from tocsin.hub.views.directory import all_parties
from tocsin.ids import Entropy
from tocsin.privacy.tokens import TokenChallenge
from tocsin.storage.store import Transaction
from tocsin.wire.envelope import blob_context
from tocsin.wire.epoch import EpochDocument, Member, Roster
from tocsin.wire.messages import decode, encode


class Live(msgspec.Struct, frozen=True, dict=True):
    """An epoch whose tokens count, with its keys."""

    data: bytes
    document: EpochDocument
    keys: EpochKeys
    challenge: TokenChallenge

    @cached_property
    def sealed_in(self) -> tuple[bytes, ...]:
        """What the sealing of this epoch's envelopes binds."""
        return blob_context(self.document.realm, self.document.hub, self.data)


def present_roster(tx: Transaction) -> tuple[Member, ...]:
    """The members of an epoch that begins now: the active ones, in the order of their identifiers."""
    active = (one for one in all_parties(tx) if MEMBERS.includes(one))
    return tuple(Member(one.id, one.role, one.signing_key) for one in active)


def roster_now(tx: Transaction, row: EpochRow) -> bytes:
    """The roster of an epoch with its members' keys as they are now: none for one that is not active."""
    parties = {one.id: one for one in all_parties(tx)}

    def key(member: Member) -> bytes:
        """The member's present key; empty for one that is not active."""
        party = parties.get(member.party)
        return party.signing_key if party and party.standing is Standing.ACTIVE else b""

    members = decode(row.roster, Roster).members if row.roster else ()
    if not members:
        return b""
    return encode(Roster(members=tuple(Member(one.party, one.role, key(one)) for one in members)))


class LiveEpochs:
    """Epochs with their keys open, each opened once. Used from one thread."""

    def __init__(self, secrets: NumberedSecrets, entropy: Entropy) -> None:
        self._secrets, self._entropy = secrets, entropy
        self._open: dict[bytes, Live] = {}

    def of(self, row: EpochRow) -> Live | None:
        """One that is in the directory and was not closed; None for any other, and where its keys are not here."""
        if row.state != STATED:
            return None
        if row.document not in self._open:
            kept, document = self._secrets.get(row.number), row.read
            keys = EpochKeys(row.number, kept, self._entropy) if kept else None
            if keys is None or keys.token_key.to_bytes() != document.issuer_key:
                return None
            self._open[row.document] = Live(row.document, document, keys, document.challenge(row.document))
        return self._open[row.document]

    def demand_keys(self, rows: Iterable[EpochRow], now: Instant) -> None:
        """ConfigError when another folder has the keys of an epoch that holds or will: two would make two kinds."""
        for row in rows:
            if row.state == STATED and row.read.ends > now and self.of(row) is None:
                raise ConfigError(
                    f"The keys of epoch {row.number} are not in this folder: serve all of a hub from one.",
                    next_step="Serve this one from the same folder, or bring its hub.epochs here. Lost keys end with "
                    "their epoch.",
                )

    def at(self, rows: Iterable[EpochRow], now: Instant) -> Live | None:
        """The epoch that a moment lies in; of two, the later."""
        found = [live for live in map(self.of, rows) if live and live.document.holds(now)]
        return found[-1] if found else None

    def drop_below(self, number: int) -> None:
        """Delete the keys of epochs of a lower number."""
        self._secrets.drop_below(number)
        self._open = {data: live for data, live in self._open.items() if live.document.number >= number}
