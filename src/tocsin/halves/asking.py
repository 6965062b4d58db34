# SPDX-License-Identifier: Apache-2.0
"""The hub signs its request to the partner, so that the partner knows who asks before it takes in a body of megabytes.
So does whoever asks relay or partner, or asks through the relay, on the anonymous path.

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
PROPOSALS, EPOCHS = "/v1/proposals", "/v1/epochs"
"""Where the hub asks relay and partner for their keys, and for their word on an epoch document."""
GATEWAY, COUNTS = "/v1/gateway", "/v1/counts"
"""Where the relay brings an Oblivious HTTP request, to partner or hub, and tells the partner how many there were."""
SLOTS, RESULTS = "/v1/slots", "/v1/results"
"""Where the hub has a slot's blobs from the partner, and gives back what came of them."""
_HEADERS = ("signature-input", "signature", "content-digest")


def authority(place: str, hub: str) -> str:
    """What `@authority` is on the anonymous path: the hub's relay, partner or the hub itself, at whatever address."""
    return f"{place}.{hub}"


def sign_asking(
    body: bytes,
    hub_key: VerifierKey,
    key: SigningKey,
    partner: str,
    now: Instant,
    nonce: bytes,
    path: str = PATH,
) -> dict[str, str]:
    """The hub's half: the headers that sign this body for the partner of that name."""
    return dict(
        sign_request(
            key,
            hub_key.name,
            method="POST",
            authority=partner,
            path=path,
            query="",
            body=body,
            now=now,
            nonce=nonce,
        )
    )


class Door:
    """The half of whoever is asked: who is let in, each signature once. A process that starts anew has forgotten which
    were used; one that is used again then costs it a body, and nothing else.
    """

    def __init__(self, name: str, path: str = PATH) -> None:
        """`name` is what `@authority` must be."""
        self._name, self._path = name, path
        self._used: dict[str, Instant] = {}

    def admit(self, headers: Mapping[str, str], hub_key: VerifierKey, now: Instant) -> SignatureClaim:
        """What the hub signed, before the body is there; an AccessError for anybody else."""
        return self.admit_key(headers, hub_key.public, now)

    def admit_key(self, headers: Mapping[str, str], public: bytes, now: Instant) -> SignatureClaim:
        """The same for any key."""
        claim = self.recognise(headers, public, now)
        self._used = {nonce: until for nonce, until in self._used.items() if until > now}
        if claim.nonce in self._used:
            raise Replayed("")
        self._used[claim.nonce] = claim.forget_at
        return claim

    def recognise(self, headers: Mapping[str, str], public: bytes, now: Instant) -> SignatureClaim:
        """The same where a second use does no harm, and is not looked for."""
        claim = read_signature(*(headers.get(name) for name in _HEADERS))
        check_signature(
            claim, public, method="POST", authority=self._name, path=self._path, query="", now=now
        )
        return claim
