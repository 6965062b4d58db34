# SPDX-License-Identifier: Apache-2.0
"""The hub at a glance, for its operator."""

import msgspec

from tocsin.domain.party import Role, Standing
from tocsin.hub.exchange import HubIdentity
from tocsin.hub.heads.proposing import LogRow
from tocsin.hub.restoring.steps import begun
from tocsin.hub.restoring.waiting import Waits, waits_of
from tocsin.hub.streams import StreamHead, closed_streams
from tocsin.hub.views.directory import accepted_agreements, agreement, all_parties
from tocsin.storage.store import Transaction


class StreamStatus(msgspec.Struct, frozen=True):
    """One stream and its length."""

    name: str
    size: int
    lacks: int = 0
    """Entries that its readers have yet to hand back after a restore; nothing is added to it until then."""


class PartyStatus(msgspec.Struct, frozen=True):
    """One party, without its keys."""

    id: str
    name: str
    role: Role
    jurisdiction: str
    standing: Standing
    agreement: str
    """SHA-256 of the agreement that it accepted; empty: there was none."""


class Status(msgspec.Struct, frozen=True):
    """What the hub holds."""

    hub: str
    alliance: str
    witness: str
    """``witnessed``, ``unwitnessed`` (no partner is declared) or ``late``."""
    log_size: int
    agreement: str
    """SHA-256 of the agreement that counts now; empty when there is none."""
    streams: tuple[StreamStatus, ...]
    parties: tuple[PartyStatus, ...]
    restoring: Waits | None = None
    """What a hub that comes back from a backup waits for; None for a hub that is open."""


def status(tx: Transaction, identity: HubIdentity, *, partner_declared: bool) -> Status:
    """What the hub holds now."""
    log = tx.one("newest_log", {}, into=LogRow)
    cosigned = log is not None and log.cosigned is not None
    accepted = accepted_agreements(tx)
    closed = {row.key: row.size for row in closed_streams(tx)}
    heads = tx.all("stream_heads", {}, into=StreamHead)
    return Status(
        hub=identity.id,
        alliance=identity.alliance,
        witness=("witnessed" if cosigned else "late") if partner_declared else "unwitnessed",
        log_size=log.size if log else 0,
        streams=tuple(
            StreamStatus(head.name, head.size, max(0, closed.get(head.key, 0) - head.size)) for head in heads
        ),
        agreement=agreement(tx),
        parties=tuple(
            PartyStatus(one.id, one.name, one.role, one.jurisdiction, one.standing, accepted[one.id])
            for one in all_parties(tx)
        ),
        restoring=waits_of(tx) if begun(tx) else None,
    )
