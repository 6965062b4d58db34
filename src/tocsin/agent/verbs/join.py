# SPDX-License-Identifier: Apache-2.0
"""Joining an alliance: make this party's keys, redeem the code, and demand the hub's key that the code names.

The recovery key goes onto a sheet beside the agent's folder, and never into the vault: a thief of the machine must not
find it.
"""

from hashlib import sha256

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tocsin.agent.house import House
from tocsin.agent.recovery import recovery_path, write_sheet
from tocsin.agent.vault import Membership
from tocsin.errors import BadSignature, Malformed, Unreachable
from tocsin.proof.note import VerifierKey, log_origin
from tocsin.proof.signing import KEY_SIZE, SigningKey
from tocsin.web.calling import post
from tocsin.wire.messages import Enrol, Enrolled, decode, encode

_AGAIN = "Check the address, the network and whether the hub serves, then run the same command again."


class Joined(msgspec.Struct, frozen=True):
    """What a new member is told."""

    party: str
    name: str
    role: str
    alliance: str
    witnessed: bool
    recovery: str
    """Path of the sheet with the recovery key."""
    agreement: str
    """SHA-256 of the agreement that was accepted; empty: there was none."""


async def join(house: House, code: str, http: httpx.AsyncClient, agreement: str = "") -> Joined:
    """Redeem the code and keep the membership in the vault; NotAgreed when another agreement must be accepted."""
    _, _, hub = code.strip().partition(".")
    if not hub:
        raise Malformed(
            "A code has two parts with a dot between; was it cut?",
            next_step="Paste the whole code, as tocsin hub enrol printed it for you.",
        )
    signing, sealing, recovery = (house.entropy(KEY_SIZE) for _ in range(3))
    enrol = Enrol(
        code=code.strip(),
        signing_key=SigningKey.from_seed(signing).public,
        sealing_key=sealing_public(sealing),
        recovery_key=SigningKey.from_seed(recovery).public,
        agreement=agreement.lower(),
    )
    sheet = recovery_path(house.folder)
    write_sheet(sheet, hub, house.config.hub_url, recovery)
    try:
        answer = await ask_membership(house, http, "/v1/enrolments", encode(enrol), hub)
    except BaseException:
        sheet.unlink()  # it is nobody's key
        raise
    house.vault.join(membership_of(answer, hub, signing, sealing, enrol.recovery_key))
    return Joined(
        answer.party,
        answer.name,
        answer.role,
        answer.alliance,
        answer.partner_key is not None,
        str(sheet),
        answer.agreement,
    )


def sealing_public(seed: bytes) -> bytes:
    """The public half of a sealing key (X25519)."""
    return X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


async def ask_membership(house: House, http: httpx.AsyncClient, path: str, body: bytes, hub: str) -> Enrolled:
    """Ask for a membership by a code or a recovery key; BadSignature when another hub answers."""
    url = f"{house.config.hub_url.rstrip('/')}{path}"
    try:
        data = await post(http, url, body, {"Content-Type": "application/json"})
    except Unreachable as error:
        raise Unreachable(error.detail, next_step=_AGAIN) from None
    answer = decode(data, Enrolled)
    _check_hub(answer, hub)
    return answer


def membership_of(answer: Enrolled, hub: str, signing: bytes, sealing: bytes, recovery: bytes) -> Membership:
    """What the vault keeps of it; `recovery` is the public half."""
    return Membership(
        party=answer.party,
        name=answer.name,
        role=answer.role,
        jurisdiction=answer.jurisdiction,
        realm=answer.realm,
        hub=hub,
        hub_key=answer.hub_key,
        partner_key=answer.partner_key,
        alliance=answer.alliance,
        alliance_identity=answer.alliance_identity,
        signing_seed=signing,
        sealing_seed=sealing,
        recovery_key=recovery,
    )


def _check_hub(answer: Enrolled, hub: str) -> None:
    """The hub's name is the hash of its first key: nobody in between can have put in another."""
    key = VerifierKey.parse(answer.hub_key)
    digest = sha256(b"tocsin/hub/v1" + key.public).digest()
    if f"hub_{digest[:16].hex()}" != hub or key.name != log_origin(hub, answer.realm):
        raise BadSignature("The hub that answered is not the one that the code or the recovery key names.")
    if answer.partner_key is not None:
        VerifierKey.parse(answer.partner_key)
