# SPDX-License-Identifier: Apache-2.0
"""Issuing tokens: every member of an epoch is given all of them at once, by name, long before it uses any.

1. The epoch is in the directory, and its issue window is open.
2. The member is on the epoch's roster, and asks for exactly the quota.
3. What it asked for is recorded before anything is issued: asked again with the same, it is answered the same; with
   anything else it is refused.
4. The blind signatures are made outside of any transaction, in the member's turn.
"""

from functools import partial
from hashlib import sha256

import msgspec

from tocsin.errors import Conflict, Forbidden, Malformed, Unknown
from tocsin.hub.anonymous.epochs import Live, LiveEpochs
from tocsin.hub.commits import Commits
from tocsin.hub.door import SignedRequest, demand_unchanged
from tocsin.hub.exchange import Exchange
from tocsin.hub.intake import Intake
from tocsin.hub.views.anonymous import STATED, EpochRow, epochs
from tocsin.hub.workload import Workload
from tocsin.privacy.tokens import TokenRequest, issue
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.epoch import AskTokens, IssuedTokens, Roster
from tocsin.wire.messages import decode


class _Digest(msgspec.Struct, frozen=True):
    digest: bytes


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

    async def issue(self, request: SignedRequest) -> IssuedTokens:
        """All of the party's tokens; an InputError, AccessError or StateError says why there are none."""
        asked, party = decode(request.body, AskTokens), request.sender.party.id
        with self._reader.reading("epochs") as tx:
            row = next(
                (one for one in epochs(tx) if one.number == asked.number and one.state == STATED), None
            )
        live = self._live.of(row) if row else None
        if row is None or live is None:
            raise Unknown("There are no tokens of that epoch.")
        requests = _read(asked, live)
        digest = sha256(b"".join(asked.requests)).digest()

        def record(tx: Transaction) -> None:
            """Note what was asked for, before anything is issued."""
            demand_unchanged(tx, request.sender.party)
            self._intake.spend_nonce(tx, request.claim)
            self._record(tx, row, live, party, digest)

        await self._commits.run(record, quiet=True)
        work = partial(_issue_all, live, requests)
        return IssuedTokens(answers=await self._workload.run(party, work, len(request.body) * len(requests)))

    def _record(self, tx: Transaction, row: EpochRow, live: Live, party: str, digest: bytes) -> None:
        which: Params = {"epoch": row.number, "party": party}
        before = tx.one("issued_to", which, into=_Digest)
        if before is not None:
            if before.digest != digest:  # (3)
                raise Conflict("You were given tokens of this epoch, for other requests than these.")
            return
        if not live.document.issue_from <= self._hub.clock.now() < live.document.issue_until:  # (1)
            raise Conflict("Tokens of an epoch are given out in its issue window, and at no other time.")
        if party not in {one.party for one in decode(row.roster, Roster).members}:  # (2)
            raise Forbidden("You joined after this epoch's roster was made: the next one has you.")
        tx.run("note_issued", {**which, "digest": digest})

    def close(self) -> None:
        """Issue no more."""
        self._workload.close()


def _read(asked: AskTokens, live: Live) -> tuple[TokenRequest, ...]:
    if len(asked.requests) != live.document.quota:
        raise Malformed(f"A member asks for all of its {live.document.quota} tokens at once.")
    requests = tuple(TokenRequest.parse(one) for one in asked.requests)
    for one in requests:
        if one.truncated_key_id != live.keys.token_key.key_id[-1]:
            raise Malformed("It was asked under another key than this epoch's.")
        live.keys.token_key.rsa.to_number(one.blinded)
    return requests


def _issue_all(live: Live, requests: tuple[TokenRequest, ...]) -> tuple[bytes, ...]:
    return tuple(issue(live.keys.signer, live.keys.token_key, one) for one in requests)  # (4)
