# SPDX-License-Identifier: Apache-2.0
"""Witnessing: the hub proposes each head of its log, the partner checks that nothing was taken back, and co-signs.

The hub's half, for every wave: `sign_head` over the moved streams, then `propose` to the partner, then `accept` its
answer. The partner's half: `witness`. Both halves are pure; who stores what:

========  =========================================================================================================
hub       heads and log frontier of the last signed head, and the same of the last *witnessed* one; for the streams
          and the log itself the leaf hashes since then (or ranges of all, `merkle.consistency_proof_from`)
partner   the heads, the log frontier and the last note, written in one transaction before it answers
========  =========================================================================================================

- The partner learns blinded names, sizes and roots; no stream's name, no entry.
- While the partner is away the hub goes on signing heads. The next proposal spans them: one path for the log and one
  for each moved stream, so its length does not grow with the absence.
- The maps of heads that were signed in between are not checked. Nothing rests on them: a reader demands that a
  co-signed head extends what it holds.
- The same proposal again brings the same answer. If the two lost step, the partner says Conflict with what it holds.
- A refusal changes nothing. The caller keeps a refused note: it is signed, and evidence.

Not here: the network, deadlines, and what a reader does without a witness.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tocsin.clock import Instant
from tocsin.errors import BadProof, Conflict, ProofError, Rewritten, TooLarge
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.merkle import EMPTY, Frontier, verify_consistency
from tocsin.proof.note import (
    Checkpoint,
    VerifierKey,
    cosign,
    open_note,
    refuse_fork,
    sign_note,
    verify_cosignature,
)
from tocsin.proof.signing import SigningKey
from tocsin.wire.witnessing import ChangedHead

MAX_CHANGES = 20_000
"""Streams in one proposal; the largest alliance that is planned for has 5,100."""
MAX_PROPOSAL = 32 * 1024 * 1024
"""Bytes of one: so many streams that all moved while the partner was away, each of a million entries."""


class SignedHead(msgspec.Struct, frozen=True):
    """A head of the log, signed by the hub and not yet witnessed."""

    heads: HeadMap
    log_before: Frontier
    """For `HeadMap.prove`, and for the proposal."""
    log: Frontier
    note: str


class Proposal(msgspec.Struct, frozen=True):
    """What the hub asks its partner to co-sign."""

    held: int
    """Size of the log that the partner holds, as the hub remembers it."""
    log: bytes
    """Frontier of the log just before this head; the partner's own unless it was away."""
    log_path: tuple[bytes, ...]
    """That this log extends the one held; empty unless the partner was away."""
    changes: tuple[ChangedHead, ...]
    note: str
    keys: tuple[bytes, ...] = ()
    """Every change of the hub's own key, as in its directory."""


class WitnessState(msgspec.Struct, frozen=True):
    """All that a partner remembers of one log."""

    heads: HeadMap
    log: Frontier
    note: str
    """The last note it co-signed, or empty."""
    before: Frontier = EMPTY
    """The log just before that note: proves that these heads are its."""


class Witnessed(msgspec.Struct, frozen=True):
    """A partner's answer, and what it must store before it gives it."""

    state: WitnessState
    moved: tuple[StreamHead, ...]
    """The heads to write; the others stand."""
    note: str
    """The note with the cosignature: the answer."""


# --- the hub's half -------------------------------------------------------------------------------------------------


def sign_head(heads: HeadMap, log: Frontier, origin: str, key: SigningKey) -> SignedHead:
    """The next head of the log, over these heads of all streams."""
    after = log.append(heads.log_leaf())
    return SignedHead(heads, log, after, sign_note(Checkpoint(origin, after.size, after.root()), key))


def moved_head(key: bytes, witnessed: Frontier, appended: Sequence[bytes]) -> ChangedHead:
    """What to tell the partner of one stream: its frontier when last witnessed, and the leaf hashes since."""
    now = witnessed.extend(appended)
    return ChangedHead(
        key=key,
        old_size=witnessed.size,
        new_size=now.size,
        new_root=now.root(),
        path=witnessed.consistency_proof(appended),
    )


def propose(
    head: SignedHead,
    held: Frontier,
    skipped: Sequence[bytes],
    changes: Iterable[ChangedHead],
    keys: tuple[bytes, ...] = (),
) -> Proposal:
    """The proposal for a signed head.

    `held` is the log as last witnessed, `skipped` the log leaves of heads that were signed since and not witnessed,
    this one excluded; `changes` holds every stream that moved since it was last witnessed.
    """
    path = held.consistency_proof(skipped)
    return Proposal(held.size, head.log_before.to_bytes(), path, tuple(changes), head.note, keys)


def accept(proposed: str, answer: str, hub_key: VerifierKey, partner_key: VerifierKey) -> Instant:
    """Check the partner's answer to a proposed note and say when it witnessed.

    BadSignature, or BadProof for another head's note.
    """
    asked, note = open_note(proposed, hub_key).checkpoint, open_note(answer, hub_key)
    if note.checkpoint != asked:
        raise BadProof(f"The partner answered with head {note.checkpoint.size}, not {asked.size}.")
    return verify_cosignature(note, partner_key)


# --- the partner's half ---------------------------------------------------------------------------------------------


def new_witness() -> WitnessState:
    """The state of a partner that has seen nothing; it takes any first head as it is."""
    return WitnessState(HeadMap(), EMPTY, "")


def witness(
    state: WitnessState, proposal: Proposal, *, hub_key: VerifierKey, name: str, key: SigningKey, now: Instant
) -> Witnessed:
    """Check a proposal against everything witnessed before, and co-sign it under `name`.

    Forked for a second head of the same size, Rewritten when something that was witnessed is gone or changed,
    BadProof when the note does not sign what is proposed, Conflict when hub and partner have lost step.
    """
    # (1) The hub signed it, and it is bounded.
    note = open_note(proposal.note, hub_key)
    if len(proposal.changes) > MAX_CHANGES:
        raise TooLarge(f"A proposal names at most {MAX_CHANGES} streams.")
    # (2) It is news. The head that was witnessed last gets the answer it got; another of its size is a fork.
    held = Checkpoint(hub_key.name, state.log.size, state.log.root())
    if state.note:
        refuse_fork(held, note.checkpoint)
        if note.checkpoint == held:
            return Witnessed(state, (), state.note)
    if note.checkpoint.size < held.size:
        raise Rewritten(
            f"The log had {held.size} heads, and the hub now signs one of {note.checkpoint.size}."
        )
    # (3) The log before this head begins with the log that was witnessed.
    if proposal.held != held.size:
        raise Conflict(f"The partner holds {held.size} heads, not {proposal.held}: propose from there.")
    before = Frontier.from_bytes(proposal.log)
    _must_extend("The log", (held.size, held.root), (before.size, before.root()), proposal.log_path)
    # (4) So does every stream that moved.
    moved = tuple(_checked_head(state.heads.get(change.key), change) for change in proposal.changes)
    # (5) The note signs exactly the heads that the partner now holds, the moved and all the others.
    heads = state.heads.changed(moved)
    log = before.append(heads.log_leaf())
    if note.checkpoint != Checkpoint(hub_key.name, log.size, log.root()):
        raise BadProof("The note does not sign these heads: a stream was left out, added or changed unnamed.")
    # (6) The partner signs, once and with its own time.
    cosigned = cosign(note, name, key, now)
    return Witnessed(WitnessState(heads, log, cosigned, before), moved, cosigned)


def _checked_head(held: StreamHead | None, change: ChangedHead) -> StreamHead:
    """The stream's new head, if it extends the one held."""
    head = StreamHead(change.key, change.new_size, change.new_root)
    shown = f"Stream {change.key[:4].hex()}…"
    size, root = (held.size, held.root) if held else (0, EMPTY.root())
    if change.old_size != size:
        raise Conflict(f"{shown} is held with {size} entries, not {change.old_size}: propose from there.")
    _must_extend(shown, (size, root), (head.size, head.root), change.path)
    return head


def _must_extend(what: str, old: tuple[int, bytes], new: tuple[int, bytes], path: tuple[bytes, ...]) -> None:
    """Rewritten when the hub does not prove that the new tree begins with the old one, each as (size, root)."""
    try:
        verify_consistency(*old, *new, path)
    except ProofError as error:
        raise Rewritten(f"{what} is not shown to begin with what was witnessed. {error.detail}") from None
