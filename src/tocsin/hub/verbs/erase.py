# SPDX-License-Identifier: Apache-2.0
"""The author takes back everything about one fact, in every stream, in one transaction.

Bodies and their salts are deleted; the commitments stay, so that the history still proves itself. An `erasure` entry
tells every reader to do the same. What rested on the fact, such as a band of sources, is recomputed.
"""

from collections.abc import Iterable

import msgspec

from tocsin.errors import Malformed, Unknown
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import HUB_ITSELF, Draft, Origin, StreamHead
from tocsin.hub.views import answers
from tocsin.hub.views.sources import retract
from tocsin.ids import check_id, new_id
from tocsin.storage.store import Transaction
from tocsin.wire.events import ErasureEvent
from tocsin.wire.messages import ERASURE_REASONS, Erase, Outcome, encode


class _FactRow(msgspec.Struct, frozen=True):
    stream: int
    seq: int
    kind: str
    added: int
    owner: str | None


class _Owner(msgspec.Struct, frozen=True):
    owner: str


class _Held(msgspec.Struct, frozen=True):
    party: str


class _Erased(msgspec.Struct, frozen=True):
    stream: int
    seq: int


def accept(tx: Transaction, hub: Exchange, sender: Sender, erase: Erase) -> tuple[Outcome, ...]:
    """Erase what the sender owns; Unknown for a fact of somebody else's, exactly as for none at all.

    Only the sender's own: another party that reported under the same identifier neither loses by it nor prevents it.
    """
    check_id(erase.id, "msg")
    said = tx.one("said_by", {"fact": erase.fact, "owner": sender.party.id}, into=_Owner)
    held = tx.one("held_message", {"party": sender.party.id, "id": erase.fact}, into=_Held)
    if held is None and said is None:
        raise Unknown(f"You have reported nothing under {erase.fact[:60]!r}.")
    return erase_fact(tx, hub, erase.fact, erase.reason, sender.origin)


def erase_fact(
    tx: Transaction, hub: Exchange, fact: str, reason: str, origin: Origin = HUB_ITSELF
) -> tuple[Outcome, ...]:
    """Erase what its author said of a fact, or for the operator, when the law demands it, what anybody did.

    Unknown when nothing was ever said of it; that it was erased before is an outcome.
    """
    if reason not in ERASURE_REASONS:
        raise Malformed(f"{reason[:20]!r} is not a reason: {', '.join(sorted(ERASURE_REASONS))}.")
    streams = {head.number: head.name for head in tx.all("stream_heads", {}, into=StreamHead)}
    whose = {"fact": fact, "owner": origin.owner}
    erased = tx.all("erase_bodies", whose, into=_Erased)
    tx.run("erase_digests", whose)
    if origin.owner is None:  # an anonymous report has no owner who could take it back
        tx.run("drop_escrows", {"fact": fact})
    dropped = _drop_held(tx, fact, origin.owner)
    for orphan in (*retract(tx, hub, whose, streams), *answers.retract(tx, hub, whose, streams)):
        erased += tx.all("erase_bodies", {"fact": orphan, "owner": None}, into=_Erased)
    erasure = new_id("fct", hub.entropy)
    outcomes = []
    for number, seqs in _by_stream(erased).items():
        body = encode(ErasureEvent(fact=fact, seqs=seqs, reason=reason))
        (place,) = hub.streams.append(tx, streams[number], [Draft("erasure", erasure, body)], origin)
        outcomes.append(Outcome(fact, "accepted", f"{len(seqs)} erased", place.stream, place.seq))
    if dropped:
        outcomes.append(Outcome(fact, "accepted", "It was held, and is gone."))
    if outcomes:
        return tuple(outcomes)
    if not tx.all("entries_of_fact", {"fact": fact}, into=_FactRow):
        raise Unknown(f"No entry is about {fact[:60]!r}.")
    return (Outcome(fact, "known", "It was erased before."),)


def _drop_held(tx: Transaction, fact: str, owner: str | None) -> int:
    if owner is None:
        return tx.run("drop_held_of_anybody", {"id": fact})
    return tx.run("drop_held", {"party": owner, "id": fact})


def _by_stream(erased: Iterable[_Erased]) -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for one in erased:
        found.setdefault(one.stream, []).append(one.seq)
    return {number: tuple(sorted(seqs)) for number, seqs in sorted(found.items())}
