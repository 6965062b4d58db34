# SPDX-License-Identifier: Apache-2.0
"""Sends one envelope into every slot, whatever there is to report: the loop that makes cover.

In each round the envelope of the next slot is built, it goes at the moment that was drawn with it, and its answer tells
what the slot before had. Cover and report share every step; a report only takes the place of zeros. What was missed,
because this machine slept or the line was down, is not made up for; and in the slots after it no report goes, because
whoever was hit comes back then (`HOLD_SLOTS`, drawn at random), unless a person has said otherwise.

Nothing of a single envelope is logged. What people must hear of is an alarm.
"""

from functools import partial

from tocsin.agent.alarms import sound
from tocsin.agent.anonymous import attendance, records, reports, settling, tokens
from tocsin.agent.anonymous.envelopes import MIXED_PATH, Envelope, build, sender_of
from tocsin.agent.anonymous.epochs import SENDERS, Epoch, upcoming
from tocsin.agent.anonymous.means import Means, Sleep
from tocsin.agent.anonymous.reports import Anonymous, State
from tocsin.agent.anonymous.standing import HOLD, Standing, obstacle, standing
from tocsin.clock import SECOND, Instant
from tocsin.domain.party import Role
from tocsin.errors import BadSignature, InputError, KeySwapped, RemoteError, TooLarge
from tocsin.storage.store import Transaction
from tocsin.wire.envelope import REPLY_KEY_BYTES, Enclosed
from tocsin.wire.slot import Fate

HOLD_SLOTS = range(3, 13)
"""How many slots a report is held for after an outage: one of these."""
_LOOK_SECONDS = 2.0
"""How often an agent without an epoch looks for one."""
_NAP_SECONDS = 1.0
"""The longest sleep: a clock that is set meanwhile must not cost a slot."""


class Slots:
    """The loop of one agent."""

    def __init__(self, means: Means, sleep: Sleep) -> None:
        self._store, self._vault, self._settings = means.store, means.vault, means.settings
        self._post, self._clock, self._entropy = means.post, means.clock, means.entropy
        self._sleep = sleep
        self._hold = 0
        self._alarmed = ""
        """What people have heard of and what lasts."""

    async def run(self) -> None:
        """Send, slot after slot, for ever."""
        self._hold_again()
        while True:
            if (found := self._next()) is None:
                await self._sleep(_LOOK_SECONDS)
            else:
                await self._carry(
                    found[0], self._store.run("next envelope", partial(self._built, found=found))
                )

    def _next(self) -> tuple[Epoch, int] | None:
        """The next slot; None when no epoch is about to have one, or this party sends nothing."""
        with self._store.reading("next slot") as tx:
            role = Role(self._vault.membership_in(tx).role)
            return upcoming(tx, self._clock.now()) if self._settings.cover and role in SENDERS else None

    def _built(self, tx: Transaction, found: tuple[Epoch, int]) -> Envelope:
        """The envelope of that slot, with a report in it or with none."""
        epoch, slot = found
        now, member = self._clock.now(), self._vault.membership_in(tx)
        tokens.forget(tx, epoch.number)
        tx.run("save_mark", {"name": HOLD, "value": str(self._hold)})
        state = standing(tx, self._vault, self._settings, epoch.at(slot))
        self._tell(tx, state, now)
        if not slot and tokens.wanted(tx, epoch):
            sound(
                tx,
                f"This party has no token of epoch {epoch.number} of the anonymous path: it was away when they were "
                "given out, joined too late, or the hub gave it none. A hub that gives tokens to few can tell those "
                "few apart, whatever number it names: ask other members.",
                now,
            )
        enclosed = self._aboard(tx, epoch, slot, state, now)
        envelope = build(epoch, slot, sender_of(member), enclosed, self._entropy)
        attendance.note(tx, self._vault.box, epoch.number, slot, envelope.digest)
        return envelope

    def _aboard(
        self, tx: Transaction, epoch: Epoch, slot: int, state: Standing, now: Instant
    ) -> Enclosed | None:
        """The first report that nothing keeps, put into this slot's envelope; None leaves it to cover."""
        box, reply_key = self._vault.box, self._entropy(REPLY_KEY_BYTES)
        for one in list(reports.open_ones(tx, box, "mixed")):
            if settling.waits_for_result(one, epoch, slot):
                continue
            if obstacle(state, one.way, holds_token=one.holds_token(epoch.number)):
                continue
            if self._fits(tx, one, epoch, now):
                return reports.board(tx, box, one, epoch, slot, reply_key)
        return None

    def _fits(self, tx: Transaction, one: Anonymous, epoch: Epoch, now: Instant) -> bool:
        """Whether it has room; refused for good when not: its envelopes have become smaller since."""
        try:
            reports.require_room(one.body, epoch.terms.room)
        except TooLarge as error:
            fate = Fate("refused", reason=error.detail)
            settling.settle(tx, self._vault.box, one, State.REFUSED, fate, now)
            return False
        return True

    async def _carry(self, epoch: Epoch, envelope: Envelope) -> None:
        """Wait for its moment, send it, and learn from the answer."""
        await self._until(envelope.leaves)
        if self._clock.now() >= epoch.at(envelope.slot + 1):
            self._hold_again()  # this machine slept: the slot is over, and nothing is made up for
            return
        url = epoch.terms.relay_url.rstrip("/") + MIXED_PATH
        try:
            data = await self._post(url, envelope.body, records.answer_bytes(epoch))
        except (RemoteError, InputError):
            self._hold_again()
        else:
            self._hold = max(0, self._hold - 1)
            self._store.run("what a slot had", lambda tx: self._learn(tx, epoch, envelope, data))

    def _learn(self, tx: Transaction, epoch: Epoch, envelope: Envelope, data: bytes) -> None:
        box, now, seen = self._vault.box, self._clock.now(), None
        try:
            seen = records.read(data, envelope.awaiting, epoch, envelope.slot)
        except KeySwapped as error:
            self._sound_once(tx, str(error), now)
        except (InputError, BadSignature):
            seen = None  # partner or relay is away, or somebody does not do its part: the slot was silent
        if envelope.slot:
            attendance.told(tx, box, epoch.number, envelope.slot - 1, seen)
        if seen is not None:
            settling.by_record(tx, box, epoch, seen, now)

    def _tell(self, tx: Transaction, state: Standing, now: Instant) -> None:
        """People hear once that envelopes are dropped, and again when it begins anew."""
        if not state.stopped:
            self._alarmed = ""
            return
        missed = state.missing + state.silent
        self._sound_once(
            tx,
            f"{missed} of this agent's last {state.told} envelopes on the anonymous path are in no record of their "
            f"slot ({state.missing} left out, {state.silent} without one that partner and hub have signed). Somebody "
            "drops them, or relay, partner or hub is away: no report of class mixed goes until fewer are missing. Ask "
            "all three.",
            now,
            kind="stopped",
        )

    def _sound_once(self, tx: Transaction, sentence: str, now: Instant, kind: str = "") -> None:
        if self._alarmed != (kind or sentence):
            self._alarmed = kind or sentence
            sound(tx, sentence, now)

    def _hold_again(self) -> None:
        """No report goes in the next slots, by a draw that nothing else has a part in."""
        self._hold = HOLD_SLOTS[int.from_bytes(self._entropy(4)) % len(HOLD_SLOTS)]

    async def _until(self, moment: Instant) -> None:
        while (left := moment - self._clock.now()) > 0:
            await self._sleep(min(left / SECOND, _NAP_SECONDS))
