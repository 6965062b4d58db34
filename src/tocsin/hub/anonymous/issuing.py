# SPDX-License-Identifier: Apache-2.0
"""Issuing tokens: every member of an epoch is given all of them at once, by name, long before it uses any.

1. The epoch is in the directory, and its issue window is open.
2. The member is on the epoch's roster, and asks for exactly as many as all others.
3. What it asked for is recorded before anything is issued: asked again with the same, it is answered the same; with
   anything else it is refused.
4. Of class ``accountable`` the answer is which half to open, drawn in the transaction that recorded what was asked.
   The other half is issued to who has opened that one, and each of it made again. Who is caught is given none, and
   its signature is kept (`tocsin.halves.audit`).
5. Blind signatures are made, and openings looked at, outside of any transaction, in the member's turn.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

import msgspec

from tocsin.domain.party import Party
from tocsin.errors import BadSignature, Conflict, Forbidden, Malformed, Refused, Unknown
from tocsin.halves.audit import DRAW_BYTES, false_places, others
from tocsin.halves.candidates import Asker, party_bytes
from tocsin.hub.anonymous.epochs import Live, LiveEpochs
from tocsin.hub.commits import Commits
from tocsin.hub.door import SignedRequest, demand_unchanged
from tocsin.hub.exchange import Exchange
from tocsin.hub.intake import Intake
from tocsin.hub.views.anonymous import STATED, EpochRow, epochs
from tocsin.hub.workload import Workload
from tocsin.privacy.tokens import TokenRequest, issue
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.audit import ChosenTokens, FalseTokens, OpenTokens
from tocsin.wire.epoch import ACCOUNTABLE, AskTokens, IssuedTokens, Roster
from tocsin.wire.messages import decode, encode

GIVEN, CAUGHT = 1, 2
"""How far a member came; 0 until it has opened what it was to open."""


class _Asked(msgspec.Struct, frozen=True):
    digest: bytes
    draw: bytes
    state: int


class _Count(msgspec.Struct, frozen=True):
    members: int


def issued_in(tx: Transaction, epoch: int) -> int:
    """How many members have been given tokens of an epoch."""
    found = tx.one("count_issued", {"epoch": epoch}, into=_Count)
    return found.members if found else 0


class Issuing:
    """The issuer of one hub process. Used from one event loop."""

    def __init__(
        self, hub: Exchange, live: LiveEpochs, intake: Intake, commits: Commits, reader: Store
    ) -> None:
        self._hub, self._live, self._intake = hub, live, intake
        self._commits, self._reader = commits, reader
        self._workload = Workload(hub.clock)

    async def issue(self, request: SignedRequest) -> IssuedTokens | ChosenTokens:
        """All of the party's tokens, or what it has to open first; an InputError, AccessError or StateError says why
        there are none.
        """
        asked, party = decode(request.body, AskTokens), request.sender.party.id
        row, live = self._epoch(asked.number)
        requests = _read(asked.requests, live)
        which: Params = {"epoch": row.number, "party": party, "digest": _digest(asked.requests)}

        def record(tx: Transaction) -> bytes:
            """Note what was asked for, before anything is issued; what chooses those to be opened, if any are."""
            demand_unchanged(tx, request.sender.party)
            self._intake.spend_nonce(tx, request.claim)
            return self._record(tx, row, live, which)

        draw = await self._commits.run(record, quiet=True)
        return ChosenTokens(draw=draw) if draw else await self._issued(party, live, requests, request)

    async def open(self, request: SignedRequest) -> IssuedTokens:
        """The other half, for a member that opened the chosen one; an InputError, AccessError or StateError says why
        there are none: Refused to who was caught.
        """
        opened, party = decode(request.body, OpenTokens), request.sender.party
        row, live = self._epoch(opened.number)
        requests = _read(opened.requests, live)
        with self._reader.reading("what was asked") as tx:
            self._demand_chosen(tx, live, party.id, opened)
        asker = Asker(live.document, live.data, party_bytes(party.id))
        false = await self._workload.run(
            party.id, partial(_false, asker, opened, party.signing_key), len(request.body) * len(requests)
        )

        def settle(tx: Transaction) -> None:
            """Note how it ended: durable before anything is issued."""
            demand_unchanged(tx, party)
            self._intake.spend_nonce(tx, request.claim)
            self._demand_chosen(tx, live, party.id, opened)
            which: Params = {"epoch": row.number, "party": party.id}
            tx.run("settle_issued", {**which, "state": CAUGHT if false else GIVEN})
            if false:
                tx.run("keep_false_tokens", {**which, "evidence": _evidence(live, party, request.body)})

        await self._commits.run(settle, quiet=True)
        if false:
            raise Refused(_FALSE)
        left = tuple(requests[place] for place in others(opened.draw, len(requests)))
        return await self._issued(party.id, live, left, request)

    def _epoch(self, number: int) -> tuple[EpochRow, Live]:
        with self._reader.reading("epochs") as tx:
            row = next((one for one in epochs(tx) if one.number == number and one.state == STATED), None)
        live = self._live.of(row) if row else None
        if row is None or live is None:
            raise Unknown("There are no tokens of that epoch.")
        return row, live

    def _record(self, tx: Transaction, row: EpochRow, live: Live, which: Params) -> bytes:
        before = _asked(tx, row.number, str(which["party"]))
        if before is not None:
            if before.digest != which["digest"]:  # (3)
                raise Conflict("You were given tokens of this epoch, for other requests than these.")
            if before.state == CAUGHT:
                raise Refused(_FALSE)
            return before.draw
        self._demand_window(live)  # (1)
        if which["party"] not in {one.party for one in decode(row.roster, Roster).members}:  # (2)
            raise Forbidden("You joined after this epoch's roster was made: the next one has you.")
        audited = live.document.token_class == ACCOUNTABLE
        draw = self._hub.entropy(DRAW_BYTES) if audited else b""  # (4)
        tx.run("note_issued", {**which, "draw": draw, "state": 0 if audited else GIVEN})
        return draw

    def _demand_chosen(self, tx: Transaction, live: Live, party: str, opened: OpenTokens) -> None:
        """Conflict or Refused unless the member opens what it was told to, in time; again, when it was given them."""
        before = _asked(tx, live.document.number, party)
        if before is None or (before.digest, before.draw) != (_digest(opened.requests), opened.draw):
            raise Conflict("You open other requests than were chosen of yours.")
        if before.state == CAUGHT:
            raise Refused(_FALSE)
        if before.state != GIVEN:
            self._demand_window(live)

    def _demand_window(self, live: Live) -> None:
        if not live.document.issue_from <= self._hub.clock.now() < live.document.issue_until:
            raise Conflict("Tokens of an epoch are given out in its issue window, and at no other time.")

    async def _issued(
        self, party: str, live: Live, requests: Sequence[TokenRequest], request: SignedRequest
    ) -> IssuedTokens:
        size = len(request.body) * len(requests)
        return IssuedTokens(
            answers=await self._workload.run(party, partial(_issue_all, live, requests), size)
        )  # (5)

    def close(self) -> None:
        """Issue no more."""
        self._workload.close()


_FALSE = "You signed for tokens that do not name you to the trustees: there are none for you in this epoch."


def _asked(tx: Transaction, epoch: int, party: str) -> _Asked | None:
    return tx.one("issued_to", {"epoch": epoch, "party": party}, into=_Asked)


def _digest(requests: Sequence[bytes]) -> bytes:
    return sha256(b"".join(requests)).digest()


def _read(asked: Sequence[bytes], live: Live) -> tuple[TokenRequest, ...]:
    if len(asked) != live.document.asked:
        raise Malformed(f"A member asks for all of its tokens at once, in {live.document.asked} requests.")
    requests = tuple(TokenRequest.parse(one) for one in asked)
    for one in requests:
        if one.truncated_key_id != live.keys.token_key.key_id[-1]:
            raise Malformed("It was asked under another key than this epoch's.")
        live.keys.token_key.rsa.to_number(one.blinded)
    return requests


def _false(asker: Asker, opened: OpenTokens, public: bytes) -> tuple[int, ...]:
    try:
        return false_places(asker, opened, public)
    except BadSignature:
        raise Refused("What you opened is not under your signature.") from None


def _evidence(live: Live, party: Party, opened: bytes) -> bytes:
    return encode(
        FalseTokens(document=live.data, party=party.id, signing_key=party.signing_key, opened=opened)
    )


def _issue_all(live: Live, requests: Sequence[TokenRequest]) -> tuple[bytes, ...]:
    return tuple(issue(live.keys.signer, live.keys.token_key, one) for one in requests)
