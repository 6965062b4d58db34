# SPDX-License-Identifier: Apache-2.0
"""Handing over everything that a co-signed note stands for: the ceremony by which one half comes back from a backup.

The partner hands it to a restored hub, which then knows what it must be made whole to. The hub hands it to a restored
partner, which then knows what it signed last and cannot be brought to sign another. Either way it proves itself: the
heads and the log before them give the root of the note, and the note carries the signatures of both.

Not here: how a hub is made whole (`tocsin.hub.restoring.steps`).
"""

from collections.abc import Sequence

from tocsin.clock import MINUTE, Instant, to_text
from tocsin.errors import BadProof, Malformed, Unauthenticated
from tocsin.halves.witness import MAX_CHANGES, WitnessState
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.merkle import Frontier
from tocsin.proof.note import VerifierKey, open_under, verify_cosignature
from tocsin.proof.signing import Context, SigningKey, verify
from tocsin.wire.ceremony import AskHeld, Held, HeldHead

_MAX_SKEW = 5 * MINUTE
_WHAT = "ask-held"


def ask_held(hub_key: VerifierKey, key: SigningKey, now: Instant, keys: tuple[bytes, ...] = ()) -> AskHeld:
    """The hub's signed question, with the changes of its key."""
    return AskHeld(asked=now, signature=key.sign(_context(hub_key), _signed(now)), keys=keys)


def check_ask(ask: AskHeld, hub_key: VerifierKey, now: Instant) -> None:
    """Unauthenticated unless this hub asks, now."""
    if abs(now - ask.asked) > _MAX_SKEW:
        raise Unauthenticated(f"It is {to_text(now)} here: the hub's clock says another time.")
    verify(hub_key.public, _context(hub_key), _signed(ask.asked), ask.signature)


def hold(state: WitnessState, keys: tuple[bytes, ...] = ()) -> Held:
    """What a note stands for, to be handed over, with the changes of the hub's key."""
    heads = tuple(HeldHead(head.key, head.size, head.root) for head in state.heads)
    return Held(note=state.note, before=state.before.to_bytes(), heads=heads, keys=keys)


def check_held(held: Held, hub_keys: Sequence[VerifierKey], partner_key: VerifierKey) -> WitnessState:
    """What a partner holds, once it is proved under one of the hub's keys; BadSignature, BadProof or Malformed else."""
    # (1) Both signed the note.
    note = open_under(held.note, hub_keys)
    verify_cosignature(note, partner_key)
    # (2) The heads are a map, and bounded.
    if len(held.heads) > MAX_CHANGES:
        raise Malformed(f"A partner holds at most {MAX_CHANGES} streams.")
    heads = HeadMap(StreamHead(head.key, head.size, head.root) for head in held.heads)
    # (3) That map, appended to the log before it, is the log that was signed.
    before = Frontier.from_bytes(held.before)
    log = before.append(heads.log_leaf())
    if (log.size, log.root()) != (note.checkpoint.size, note.checkpoint.root):
        raise BadProof(f"These heads are not those that note {note.checkpoint.size} stands for.")
    return WitnessState(heads, log, held.note, before)


def _context(hub_key: VerifierKey) -> Context:
    hub, _, realm = hub_key.name.partition("/heads/")
    return Context(_WHAT, realm, hub)


def _signed(asked: int) -> bytes:
    return asked.to_bytes(8, "big", signed=True)
