# SPDX-License-Identifier: Apache-2.0
"""An epoch that lives, with its keys, and who its members are."""

from collections.abc import Iterable

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import MEMBERS
from tocsin.domain.party import Standing
from tocsin.files import NumberedSecrets
from tocsin.hub.anonymous.keys import EpochKeys
from tocsin.hub.views.anonymous import STATED, EpochRow
from tocsin.hub.views.directory import all_parties
from tocsin.ids import Entropy
from tocsin.privacy.tokens import TokenChallenge
from tocsin.storage.store import Transaction
from tocsin.wire.epoch import EpochDocument, Member, Roster
from tocsin.wire.messages import decode, encode


class Live(msgspec.Struct, frozen=True):
    """An epoch whose tokens count, with its keys."""

    data: bytes
    document: EpochDocument
    keys: EpochKeys
    challenge: TokenChallenge


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
        """One that is in the directory and was not closed; None for any other, and where its keys are gone."""
        if row.state != STATED:
            return None
        if row.document not in self._open:
            kept = self._secrets.get(row.number)
            if kept is None:
                return None
            document = row.read
            keys = EpochKeys(row.number, kept, self._entropy)
            self._open[row.document] = Live(row.document, document, keys, document.challenge(row.document))
        return self._open[row.document]

    def at(self, rows: Iterable[EpochRow], now: Instant) -> Live | None:
        """The epoch that a moment lies in; of two, the later."""
        found = [live for live in map(self.of, rows) if live and live.document.holds(now)]
        return found[-1] if found else None

    def drop_below(self, number: int) -> None:
        """Delete the keys of epochs of a lower number."""
        self._secrets.drop_below(number)
        self._open = {data: live for data, live in self._open.items() if live.document.number >= number}
