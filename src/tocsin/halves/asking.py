# SPDX-License-Identifier: Apache-2.0
"""The hub signs its request to the partner, so that the partner knows who asks before it takes in a body of megabytes.

The profile is that of every request to the hub (`tocsin.proof.httpsig`), under the hub's verifier key; `@authority` is
the partner's name, at whatever address it is reached. The partner knows the key that the hub had when it last heard of
one. A hub with a newer key is unauthenticated until it asks the small question what the partner holds
(`tocsin.halves.held`), which tells of the change and proves it.
"""

from collections.abc import Mapping

from tocsin.clock import Instant
from tocsin.errors import Replayed
from tocsin.proof.httpsig import SignatureClaim, check_signature, read_signature, sign_request
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import SigningKey

PATH = "/v1/witness"
_HEADERS = ("signature-input", "signature", "content-digest")


def sign_asking(
    body: bytes, hub_key: VerifierKey, key: SigningKey, partner: str, now: Instant, nonce: bytes
) -> dict[str, str]:
    """The hub's half: the headers that sign this body for the partner of that name."""
    return dict(
        sign_request(
            key,
            hub_key.name,
            method="POST",
            authority=partner,
            path=PATH,
            query="",
            body=body,
            now=now,
            nonce=nonce,
        )
    )


class Door:
    """The partner's half: who is let in, each signature once. A process that starts anew has forgotten which were used;
    one that is used again then costs it a body, and nothing else.
    """

    def __init__(self, partner: str) -> None:
        self._partner = partner
        self._used: dict[str, Instant] = {}

    def admit(self, headers: Mapping[str, str], hub_key: VerifierKey, now: Instant) -> SignatureClaim:
        """What the hub signed, before the body is there; an AccessError for anybody else."""
        claim = read_signature(*(headers.get(name) for name in _HEADERS))
        check_signature(
            claim, hub_key.public, method="POST", authority=self._partner, path=PATH, query="", now=now
        )
        self._used = {nonce: until for nonce, until in self._used.items() if until > now}
        if claim.nonce in self._used:
            raise Replayed("")
        self._used[claim.nonce] = claim.forget_at
        return claim
