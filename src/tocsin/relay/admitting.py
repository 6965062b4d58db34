# SPDX-License-Identifier: Apache-2.0
"""Who may put an envelope into a slot: every member of the epoch's roster, once; and how many did, which is all that
the relay ever says about it.

Who did is known while the slot lasts, in memory, and is written nowhere.

1. The envelope has the one length, and is for the epoch and the slot that it is now.
2. Its sender is on the roster, and has signed it for this slot.
3. The sender has not sent one into this slot before; of class ``now``, at most `NOW_IN_SLOT`.
"""

from collections import Counter

from tocsin.clock import Clock
from tocsin.errors import Conflict, Forbidden, Malformed, TooMany
from tocsin.proof.signing import Context, check_public_key
from tocsin.web.epochs import Epochs, Live
from tocsin.wire.envelope import ADMISSION_BYTES, Admission, check_admission, request_bytes

NOW_IN_SLOT = 4
"""Envelopes of class ``now`` from one member in one slot; the quota of tokens is what really bounds them."""


class Admitting:
    """One relay's door. Used from one thread."""

    def __init__(self, epochs: Epochs, clock: Clock) -> None:
        self._epochs, self._clock = epochs, clock
        self._came: dict[tuple[int, int], Counter[tuple[str, bytes]]] = {}

    def admit(self, data: bytes, kind: str) -> tuple[Live, bytes]:
        """The epoch, and the Oblivious HTTP request to be passed on; an InputError, AccessError or StateError else.

        `kind` is ``slot`` or ``now``.
        """
        found = Admission.parse(data)
        live = self._epochs.at(self._clock.now())
        if live is None or found.epoch != live.number:
            raise Conflict("That epoch is not the present one.")
        document = live.document
        if len(data) != ADMISSION_BYTES + request_bytes(document.blob_bytes):  # (1)
            raise Malformed("Envelopes of an epoch have one length.")
        if found.slot != document.slot_at(self._clock.now()):
            raise Conflict("That slot is not the present one.")
        key = live.keys.get(found.party)
        if not key:  # (2)
            raise Forbidden("It is on no roster of this epoch, or suspended.")
        check_public_key(key)
        check_admission(found, key, Context(f"{kind}-envelope", document.realm, document.hub))
        came = self._came.setdefault((live.number, found.slot), Counter())
        if came[kind, found.party] >= (NOW_IN_SLOT if kind == "now" else 1):  # (3)
            raise TooMany("A member sends one envelope into a slot.")
        came[kind, found.party] += 1
        return live, found.encapsulated

    def senders(self, epoch: int, slot: int) -> int:
        """How many members put an envelope into a slot."""
        return sum(kind == "slot" for kind, _ in self._came.get((epoch, slot), ()))

    def forget(self, epoch: int, slot: int) -> None:
        """A slot was counted: who was in it, and in those before it, is nobody's business any more."""
        self._came = {place: came for place, came in self._came.items() if place > (epoch, slot)}

    @property
    def limit(self) -> int:
        """Bytes of the longest envelope now; a few, between two epochs."""
        live = self._epochs.at(self._clock.now())
        return ADMISSION_BYTES + request_bytes(live.document.blob_bytes) if live else ADMISSION_BYTES
