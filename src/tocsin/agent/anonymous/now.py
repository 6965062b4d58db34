# SPDX-License-Identifier: Apache-2.0
"""Class ``now``: the same envelope, at once, by the relay to the hub's own gateway; the result is in the answer.

It hides the sender from hub and members. The relay, or whoever watches this party's line, sees that it sent something
at that moment, and any reader sees when the report appeared: together they know.
"""

from contextlib import suppress

from tocsin.agent.anonymous import reports, settling
from tocsin.agent.anonymous.envelopes import NOW_PATH, addressed, blob_of, sender_of
from tocsin.agent.anonymous.epochs import Epoch, present
from tocsin.agent.anonymous.means import Means, Sleep
from tocsin.agent.anonymous.reports import SETTLED, Anonymous
from tocsin.agent.anonymous.standing import require, standing
from tocsin.clock import SECOND
from tocsin.errors import NotAnonymous, RemoteError, TocsinError
from tocsin.privacy.bhttp import BinaryResponse
from tocsin.privacy.ohttp import RESPONSE_OVERHEAD, Awaiting
from tocsin.storage.store import Transaction
from tocsin.wire.envelope import NOW, REPLY_KEY_BYTES, SEALED_RESULT_BYTES, find_result
from tocsin.wire.slot import read_fate

ANSWER_BYTES = len(BinaryResponse(200, (), bytes(SEALED_RESULT_BYTES)).to_bytes()) + RESPONSE_OVERHEAD
"""Of every answer."""
_AGAIN_SECONDS = 30
"""How often what did not get through is sent again."""


class Now:
    """The reports of class ``now`` of one agent."""

    def __init__(self, means: Means) -> None:
        self._store, self._vault, self._settings = means.store, means.vault, means.settings
        self._post, self._clock, self._entropy = means.post, means.clock, means.entropy

    async def run(self, sleep: Sleep) -> None:
        """Send what a command could not get through, again and again. No log says so: it would say when."""
        while True:
            await sleep(_AGAIN_SECONDS)
            for report in self._late():
                with suppress(TocsinError):
                    await self.send(report)

    async def send(self, report: str) -> Anonymous:
        """Send one and have its result; what raises leaves it waiting, with its token, for the next time.

        NotAnonymous where it cannot go now; RemoteError when no answer of the hub came back.
        """
        epoch, body, awaiting = self._store.run("envelope now", lambda tx: self._built(tx, report))
        data = await self._post(epoch.terms.relay_url.rstrip("/") + NOW_PATH, body, ANSWER_BYTES)
        content = BinaryResponse.parse(awaiting.open_response(data)).content
        return self._store.run("result now", lambda tx: self._ended(tx, report, content))

    def _late(self) -> list[str]:
        """Those that a command had time enough to send."""
        before = self._clock.now() - _AGAIN_SECONDS * SECOND
        with self._store.reading("class now") as tx:
            waiting = list(reports.open_ones(tx, self._vault.box, "now"))
        return [one.id for one in waiting if one.queued < before]

    def _built(self, tx: Transaction, report: str) -> tuple[Epoch, bytes, Awaiting]:
        box, now = self._vault.box, self._clock.now()
        one, epoch = reports.demand(tx, box, report), present(tx, now)
        if one.state in SETTLED:
            raise NotAnonymous(f"{report} has ended: {settling.told(one)}.")
        if epoch is None or not one.holds_token(epoch.number):
            require(standing(tx, self._vault, self._settings, now), one.way)
        assert epoch is not None, "required"
        slot, reply_key = epoch.terms.slot_at(now), self._entropy(REPLY_KEY_BYTES)
        enclosed = reports.board(tx, box, one, epoch, slot, reply_key)
        assert enclosed is not None, "a token was there in this transaction"
        gateway, sender = epoch.terms.now_gateway, sender_of(self._vault.membership_in(tx))
        blob = blob_of(epoch, enclosed)
        what = "now-envelope"
        body, awaiting = addressed(epoch, slot, sender, blob, NOW, gateway, what=what, entropy=self._entropy)
        return epoch, body, awaiting

    def _ended(self, tx: Transaction, report: str, content: bytes) -> Anonymous:
        one = reports.demand(tx, self._vault.box, report)
        if one.state in SETTLED:  # a command and a serving agent sent it both, and the other was told first
            return one
        keys = [attempt.reply_key for attempt in one.attempts]
        found = next(filter(None, (find_result(key, (content,)) for key in keys)), None)
        if found is None:
            raise RemoteError("The hub's answer is for somebody else.")
        fate = read_fate(found)
        return settling.settle(tx, self._vault.box, one, settling.state_of(fate), fate, self._clock.now())
