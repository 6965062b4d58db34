# SPDX-License-Identifier: Apache-2.0
"""Joining an alliance: make this party's keys, redeem the code, and demand the hub's key that the code names."""

from hashlib import sha256

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tocsin.agent.house import House
from tocsin.agent.signed import post
from tocsin.agent.vault import Membership
from tocsin.errors import BadSignature, Malformed
from tocsin.proof.note import VerifierKey, log_origin
from tocsin.proof.signing import KEY_SIZE, SigningKey
from tocsin.wire.messages import Enrol, Enrolled, decode, encode

AGREEMENT = "0" * 64
"""Hash of the members' agreement; an alliance without one has none to accept."""


class Joined(msgspec.Struct, frozen=True):
    """What a new member is told."""

    party: str
    name: str
    role: str
    alliance: str
    witnessed: bool


async def join(house: House, code: str, http: httpx.AsyncClient) -> Joined:
    """Redeem the code and keep the membership in the vault."""
    _, _, hub = code.strip().partition(".")
    if not hub:
        raise Malformed("A code has two parts with a dot between; was it cut?")
    signing, sealing, recovery = (house.entropy(KEY_SIZE) for _ in range(3))
    enrol = Enrol(
        code=code.strip(),
        signing_key=SigningKey.from_seed(signing).public,
        sealing_key=X25519PrivateKey.from_private_bytes(sealing).public_key().public_bytes_raw(),
        recovery_key=SigningKey.from_seed(recovery).public,
        agreement=AGREEMENT,
    )
    url = f"{house.config.hub_url.rstrip('/')}/v1/enrolments"
    answer = decode(await post(http, url, encode(enrol), {"Content-Type": "application/json"}), Enrolled)
    _check_hub(answer, hub)
    house.vault.join(
        Membership(
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
            recovery_seed=recovery,
        )
    )
    return Joined(answer.party, answer.name, answer.role, answer.alliance, answer.partner_key is not None)


def _check_hub(answer: Enrolled, hub: str) -> None:
    """The hub's name is the hash of its key: nobody in between can have put in another."""
    key = VerifierKey.parse(answer.hub_key)
    digest = sha256(b"tocsin/hub/v1" + key.public).digest()
    if f"hub_{digest[:16].hex()}" != hub or key.name != log_origin(hub, answer.realm):
        raise BadSignature("The hub that answered is not the one that the code names.")
    if answer.partner_key is not None:
        VerifierKey.parse(answer.partner_key)
