# SPDX-License-Identifier: Apache-2.0
"""Joining: the operator makes a one-time code, the new party redeems it, the directory tells everybody.

A code is ``<80 random bits in base32>.<hub's name>``. The hub's name is the hash of its first key, so whoever was
handed the code knows the hub's key, and nobody between can put in another. The code itself is not stored.
"""

import base64
import re
from hashlib import sha256

import msgspec

from tocsin.clock import DAY
from tocsin.domain.folding import squeeze
from tocsin.domain.party import Role, Standing, check_jurisdiction
from tocsin.errors import CodeSpent, Conflict, Malformed, NotAgreed
from tocsin.follow.directory import check_three_keys
from tocsin.hub.exchange import Exchange
from tocsin.hub.views.directory import agreement, all_parties, party_by_recovery_key, state_party
from tocsin.ids import Entropy, new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Enrol
from tocsin.wire.parties import PartyEvent

CODE_DAYS = 7
_SECRET_BYTES = 10
_SHA256 = re.compile(r"([0-9a-f]{64})?")


class Invitation(msgspec.Struct, frozen=True):
    """What a code is for."""

    name: str
    role: str
    jurisdiction: str
    namesake: int


def invite(
    tx: Transaction, hub: Exchange, name: str, role: Role, jurisdiction: str, *, namesake: bool = False
) -> str:
    """Make a one-time code for a new party; it is good for `CODE_DAYS` days.

    Conflict when a member reads alike, unless it is meant: one institution under two identities is two sources.
    """
    if not name.strip() or len(name) > 200:
        raise Malformed("A party has a legal name of at most 200 characters.")
    if not namesake:
        _demand_new_name(tx, name)
    secret = new_secret(hub.entropy)
    tx.run(
        "insert_invitation",
        {
            "code_hash": code_hash(secret),
            "name": name.strip(),
            "role": role,
            "jurisdiction": check_jurisdiction(jurisdiction),
            "namesake": int(namesake),
            "expires": hub.clock.now() + CODE_DAYS * DAY,
        },
    )
    return f"{secret}.{hub.identity.id}"


def redeem(tx: Transaction, hub: Exchange, enrol: Enrol) -> PartyEvent:
    """Spend the code and write the new party into the directory.

    CodeSpent when the code is not good, NotAgreed when another agreement counts than the one accepted, Conflict when
    another party has one of these keys or, unless it is meant, the same name. None of it costs the code.
    """
    _check(enrol)
    secret, _, named = enrol.code.strip().partition(".")
    party = new_id("prt", hub.entropy)
    invitation = tx.one(
        "spend_invitation",
        {"code_hash": code_hash(secret), "party": party, "now": hub.clock.now()},
        into=Invitation,
    )
    if invitation is None or named != hub.identity.id:
        raise CodeSpent("")
    demand_agreement(tx, enrol.agreement)
    if not invitation.namesake:
        _demand_new_name(tx, invitation.name)
    if any(enrol.signing_key == other.signing_key for other in all_parties(tx)):
        raise Conflict("Another party signs with this key: make a new one.")
    if party_by_recovery_key(tx, enrol.recovery_key):
        raise Conflict("Another party has this recovery key: make a new one.")
    event = PartyEvent(
        party=party,
        name=invitation.name,
        role=Role(invitation.role),
        jurisdiction=invitation.jurisdiction,
        standing=Standing.ACTIVE,
        signing_key=enrol.signing_key,
        sealing_key=enrol.sealing_key,
        recovery_key=enrol.recovery_key,
        agreement=enrol.agreement,
    )
    state_party(tx, hub, event)
    return event


def _demand_new_name(tx: Transaction, name: str) -> None:
    """Conflict when somebody belongs to the alliance under a name that reads alike."""
    for party in all_parties(tx):
        if party.standing is not Standing.LEFT and squeeze(party.name) == squeeze(name):
            raise Conflict(
                f"{party.name} ({party.id}) belongs to the alliance already.",
                next_step="If it lost its keys: tocsin agent recover, or tocsin hub expel and enrol it again. "
                "If it is another institution: add --namesake.",
            )


def demand_agreement(tx: Transaction, accepted: str) -> None:
    """NotAgreed unless this is the agreement that counts now; empty where the alliance has none."""
    present = agreement(tx)
    if accepted != present:
        raise NotAgreed(
            f"Its SHA-256 is {present}." if present else "This alliance has no agreement to accept."
        )


def _check(enrol: Enrol) -> None:
    check_three_keys(enrol.signing_key, enrol.sealing_key, enrol.recovery_key)
    if not _SHA256.fullmatch(enrol.agreement):
        raise Malformed(
            "agreement is the SHA-256 of the members' agreement, in 64 hexadecimal digits, or nothing."
        )


def new_secret(entropy: Entropy) -> str:
    """The secret half of a one-time code: 80 random bits in base32."""
    return base64.b32encode(entropy(_SECRET_BYTES)).decode()


def code_hash(secret: str) -> bytes:
    """What the store keeps of it; a person may have typed it in small letters."""
    return sha256(b"tocsin/code/v1" + secret.upper().encode()).digest()
