# SPDX-License-Identifier: Apache-2.0
"""Who asks: steps 1 to 3 of `tocsin.hub.intake`, and step 6 for whoever only reads. Hub and edge have the same door."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request

from tocsin.clock import SECOND, Clock, Instant
from tocsin.domain.party import Party, Standing
from tocsin.errors import Forbidden, NotActive, Replayed, Unauthenticated
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Sender
from tocsin.hub.streams import Origin
from tocsin.hub.views.directory import party_by_id
from tocsin.proof.httpsig import MAX_SKEW, SignatureClaim, check_body, check_signature, read_signature
from tocsin.storage.store import Params, Store, Transaction
from tocsin.web.answers import bounded_body


class RequestHead(msgspec.Struct, frozen=True):
    """A request as it came, without its body: what its signature may cover."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class SignedRequest(msgspec.Struct, frozen=True):
    """A request whose signature was checked, whole after step 4."""

    sender: Sender
    claim: SignatureClaim
    body: bytes = b""


class Door:
    """The door of one process, as readers come through it."""

    def __init__(self, clock: Clock, commits: Commits, reader: Store, authority: str) -> None:
        """`authority` is the host of this process's public URL: what a signature must cover, whatever a proxy says."""
        self._clock = clock
        self._commits = commits
        self._reader = reader
        self._authority = authority
        self._purged = Instant(0)
        """When nonces that nobody can use any more were last forgotten."""

    def authenticate(self, request: RequestHead) -> SignedRequest:
        """Steps 1 to 3, before the body is there."""
        claim = claim_of(request)  # (1)
        with self._reader.reading("who asks") as tx:
            party = party_by_id(tx, claim.keyid)
        if party is None:
            raise Unauthenticated("The directory knows no such party.")
        self.check(claim, party.signing_key, request)  # (2)
        demand_active(party)  # (3)
        origin = Origin(owner=party.id, record=_origin_record(party.id, request.headers))
        return SignedRequest(Sender(party, origin), claim)

    def check(self, claim: SignatureClaim, key: bytes, request: RequestHead) -> None:
        """Step 2: BadSignature or ClockSkew unless that key has signed just this request, and lately."""
        check_signature(
            claim,
            key,
            method=request.method,
            authority=self._authority,
            path=request.path,
            query=request.query,
            now=self._clock.now(),
        )

    async def admit(self, request: SignedRequest) -> Party:
        """Step 6 for a request that only reads."""

        def work(tx: Transaction) -> None:
            """Neither the key nor the standing has changed since it was read; the nonce is spent."""
            demand_unchanged(tx, request.sender.party)
            self.spend_nonce(tx, request.claim)

        await self._commits.run(work, quiet=True)
        return request.sender.party

    async def spend(self, claim: SignatureClaim) -> None:
        """Step 6 for a request of nobody in the directory: Replayed when it was seen before."""
        await self._commits.run(lambda tx: self.spend_nonce(tx, claim), quiet=True)

    def spend_nonce(self, tx: Transaction, claim: SignatureClaim) -> None:
        """Replayed when a request of this nonce was seen before."""
        # Longer than `forget_at`: a request may wait here after its age was checked.
        now = self._clock.now()
        if abs(now - self._purged) >= SECOND:  # a clock may be set back
            self._purged = now
            tx.run("purge_nonces", {"now": now - MAX_SKEW})
        nonce: Params = {"keyid": claim.keyid, "nonce": claim.nonce, "expires": claim.forget_at}
        if tx.run("insert_nonce", nonce) != 1:
            raise Replayed("")


async def received(request: Request, door: Door, limit: int) -> SignedRequest:
    """The authenticated request, steps 1 to 4 of `tocsin.hub.intake`: nobody else's body is taken into memory."""
    signed = door.authenticate(head_of(request))
    body = await bounded_body(request, limit)
    check_body(signed.claim, body)
    return msgspec.structs.replace(signed, body=body)


def head_of(request: Request) -> RequestHead:
    """The request as its signature covers it: a header that came twice is joined, and so refused."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return RequestHead(
        method=request.method,
        path=request.scope["raw_path"].decode("ascii", "replace"),
        query=request.scope["query_string"].decode("ascii", "replace"),
        headers=headers,
    )


def claim_of(request: RequestHead) -> SignatureClaim:
    """Step 1: what the request's signature claims; an AccessError when it carries none of our profile."""
    return read_signature(
        request.headers.get("signature-input"),
        request.headers.get("signature"),
        request.headers.get("content-digest"),
    )


def demand_active(party: Party) -> None:
    """NotActive, or Forbidden for one that has left: nothing may wait for its return."""
    if party.standing is Standing.LEFT:
        raise Forbidden("It has left the alliance.")
    if party.standing is not Standing.ACTIVE:
        raise NotActive(f"It is {party.standing}.")


def demand_unchanged(tx: Transaction, admitted: Party) -> None:
    """What was admitted a moment ago is judged again by the directory as it stands in this transaction."""
    party = party_by_id(tx, admitted.id)
    if party is None or party.signing_key != admitted.signing_key:
        raise Unauthenticated("Its key was replaced a moment ago.")
    demand_active(party)


def _origin_record(party: str, headers: Mapping[str, str]) -> bytes:
    """What the leaf commits to: who sent it and under which signature."""
    parts = (party, headers.get("signature-input", ""), headers.get("signature", ""))
    return "\n".join(parts).encode()
