# SPDX-License-Identifier: Apache-2.0
"""A hub comes back from a backup: what it was, what it lacks, and from which head it goes on. Steps on a store; pure.

::

    begin      the backup lies in place, marked; nothing is served from it but the ceremony (`tocsin.hub.restart`)
    refill     readers hand back the tail, proved entry by entry (`tocsin.hub.restoring.refill`)
    finish     the streams reach what the partner last co-signed: the log goes on from there with a `restart` entry

Whoever copies a backup into place without `begin` signs shorter heads: partner and readers refuse them by name.
"""

from collections.abc import Iterable

import msgspec

from tocsin.clock import DAY
from tocsin.domain.audience import DIRECTORY, audiences_of
from tocsin.errors import Forked, StateError
from tocsin.halves.held import hold
from tocsin.halves.witness import WitnessState
from tocsin.hub.epochs import Restart, note_restarts, restarts
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.noting import NotedHead
from tocsin.hub.heads.proposing import PROPOSAL, LogRow, newest_cosigned
from tocsin.hub.readable import viewers
from tocsin.hub.restoring.again import see_again
from tocsin.hub.restoring.refill import wanted
from tocsin.hub.restoring.waiting import Waits, note_waits
from tocsin.hub.streams import (
    HUB_ITSELF,
    ClosedHead,
    Draft,
    StreamHead,
    blinded,
    closed_streams,
    create_stream,
    names_before,
)
from tocsin.hub.views.anonymous import close_all
from tocsin.hub.views.directory import former_keys, key_changes
from tocsin.ids import new_id
from tocsin.proof import headmap
from tocsin.proof.headmap import HeadMap, log_leaf
from tocsin.proof.merkle import EMPTY, EMPTY_ROOT, Frontier, root_from_path
from tocsin.proof.note import VerifierKey, open_under
from tocsin.storage.store import Params, Transaction
from tocsin.wire.ceremony import Held, Lacking, RestartEvent
from tocsin.wire.messages import Head, encode

_BEGUN = "restoring"
_WANTED = "wanted"
_MARGIN = DAY
"""Receipts are claimed from so long before the backup: clocks are set back now and then, and a claim costs little."""


class Begun(msgspec.Struct, frozen=True):
    """What the hub was when its backup was put in place."""

    sizes: dict[int, int]
    """Entries of each stream, by number."""
    since: int
    """From when on receipts are to be claimed."""


class Point(msgspec.Struct, frozen=True):
    """The head of the log from which the hub goes on."""

    log: Frontier
    leaf: bytes
    note: str
    cosigned: bool


class _Witnessed(msgspec.Struct, frozen=True):
    key: bytes
    witnessed_size: int
    witnessed_frontier: bytes


class _Leaf(msgspec.Struct, frozen=True):
    leaf: bytes


class _Fact(msgspec.Struct, frozen=True):
    value: bytes


# --- before and after -----------------------------------------------------------------------------------------------


def begin(tx: Transaction, hub_key: VerifierKey) -> Begun:
    """Mark a store that was put in place from a backup. Its unspent codes are void, as they may have been spent
    since; so are its edges, as one may have been revoked, and the tokens of the anonymous path.

    BadSignature when it is a backup of another hub than the one whose keys are here.
    """
    if newest := tx.one("newest_log", {}, into=LogRow):
        open_under(newest.note, [hub_key, *former_keys(tx, hub_key)])
    heads = tx.all("stream_heads", {}, into=StreamHead)
    last = max((head.added for head in heads), default=0)
    begun = Begun({head.number: head.size for head in heads}, last - _MARGIN)
    tx.run("void_invitations", {})
    tx.run("drop_edges", {})
    close_all(tx)
    tx.run("set_meta", {"key": PROPOSAL, "value": b""})
    tx.run("set_meta", {"key": _BEGUN, "value": msgspec.msgpack.encode(begun)})
    note_waits(tx, Waits())
    return begun


def begun(tx: Transaction) -> Begun | None:
    """What the hub was, while it restores itself; None for a hub that is whole."""
    row = tx.one("get_meta", {"key": _BEGUN}, into=_Fact)
    return msgspec.msgpack.decode(row.value, type=Begun) if row and row.value else None


# --- meanwhile ------------------------------------------------------------------------------------------------------


def check_history(tx: Transaction, held: WitnessState) -> None:
    """Forked when the backup is not of the history that was witnessed; StateError when the partner is behind."""
    known = newest_cosigned(tx)
    if known is not None and known.size > held.log.size:
        raise StateError(
            f"The backup holds head {known.size} under the partner's cosignature, and the partner says that its last "
            f"was {held.log.size}: restore the partner first."
        )
    log = tx.one("log_of_size", {"size": held.log.size}, into=LogRow)
    if log is not None and Frontier.from_bytes(log.frontier).root() != held.log.root():
        raise Forked(f"The backup's head {log.size} is not the one that the partner co-signed.")
    for head in tx.all("stream_heads", {}, into=StreamHead):
        seen = held.heads.get(head.key)
        if seen is not None and seen.size <= head.size and _frontier(tx, head, seen.size).root() != seen.root:
            raise Forked(f"The backup's {head.name} is not the one that the partner witnessed.")


def short_of(tx: Transaction, held: WitnessState) -> list[str]:
    """Streams that are not as long as the partner saw them, by name; empty for one whose name nobody has said."""
    heads = tx.all("stream_heads", {}, into=StreamHead)
    known = {head.key: head for head in heads}
    names = {key: name for name, key in _candidates(tx).items()} | {
        key: head.name for key, head in known.items()
    }
    given_up = names_before(tx)
    return [
        names.get(seen.key, "")
        for seen in held.heads
        if seen.key not in given_up and seen.size > (known[seen.key].size if seen.key in known else 0)
    ]


def _candidates(tx: Transaction) -> dict[str, bytes]:
    """Every stream that can have been made after the backup, with its blinded name."""
    names = {
        str(audience)
        for viewer in viewers(tx).values()
        for audience in audiences_of(viewer.party, frozenset(one.group for one in viewer.memberships))
    }
    return {name: blinded(tx, name) for name in names}


def lacking(tx: Transaction, names: frozenset[str] | None = None) -> tuple[Lacking, ...]:
    """How much of each stream is here, and which bodies are not; None for all streams."""
    heads = tx.all("stream_heads", {}, into=StreamHead)
    return tuple(
        Lacking(head.name, head.size, tuple(wanted(tx, head.number)))
        for head in heads
        if names is None or head.name in names
    )


def what_partner_holds(tx: Transaction) -> Held:
    """What the partner last co-signed, as the hub holds it too; StateError before it co-signed anything."""
    log = newest_cosigned(tx)
    before = tx.one("log_of_size", {"size": log.size - 1}, into=LogRow) if log else None
    if log is None or log.cosigned is None or (before is None and log.size > 1):
        raise StateError("No head was co-signed since this hub began or was restored.")
    seen = [
        headmap.StreamHead(one.key, one.witnessed_size, frontier.root())
        for one in tx.all("witnessed_heads", {}, into=_Witnessed)
        if (frontier := Frontier.from_bytes(one.witnessed_frontier)).size
    ]
    seen += [headmap.StreamHead(row.key, row.size, row.root) for row in closed_streams(tx)]
    earlier = Frontier.from_bytes(before.frontier) if before else EMPTY
    state = WitnessState(HeadMap(seen), Frontier.from_bytes(log.frontier), log.cosigned, earlier)
    return hold(state, key_changes(tx))


# --- going on -------------------------------------------------------------------------------------------------------


def point_of_partner(held: WitnessState) -> Point:
    """The head that the partner last co-signed."""
    return Point(held.log, held.heads.log_leaf(), held.note, cosigned=True)


def point_of_head(head: Head, key: bytes, size: int) -> Point:
    """The head of the log that a reader showed of the stream of that blinded name, once its proof was checked: its path
    is the log before it.
    """
    seen = headmap.StreamHead(key, head.size, head.root)
    root = root_from_path(seen.leaf(), head.map_index, head.map_size, head.map_path)
    leaf = log_leaf(head.map_size, root)
    before = Frontier(size - 1, head.log_path[::-1])
    return Point(before.append(leaf), leaf, head.note, cosigned=False)


def finish(tx: Transaction, hub: Exchange, point: Point | None, held: WitnessState | None) -> RestartEvent:
    """Continue the log from that head, begin the next epoch and say so in the directory. The streams are whole."""
    was = begun(tx)
    if was is None:
        raise StateError("This hub is not being restored.")
    newest = tx.one("newest_log", {}, into=LogRow)
    size = newest.size if newest else 0
    heads = tx.all("stream_heads", {}, into=StreamHead)
    if point is not None:
        heads = _make_known(tx, held, heads)
        _continue_log(tx, hub, point)
        _continue_streams(tx, heads, held, ahead=point.log.size > size)
        size = max(size, point.log.size)
    see_again(tx, hub)
    note_wanted(tx)
    known = restarts(tx)
    sizes = {head.number: head.size for head in heads if head.number in was.sizes}
    event = RestartEvent(epoch=len(known) + 1, log=size, since=was.since)
    known.append(Restart(event.epoch, sizes))
    note_restarts(tx, known)
    tx.run("set_meta", {"key": _BEGUN, "value": b""})
    hub.streams.append(
        tx, DIRECTORY, [Draft("restart", new_id("fct", hub.entropy), encode(event))], HUB_ITSELF
    )
    return event


def _continue_log(tx: Transaction, hub: Exchange, point: Point) -> None:
    row: Params = {"size": point.log.size, "leaf": point.leaf, "frontier": point.log.to_bytes()}
    signed: Params = {"note": point.note, "cosigned": point.note if point.cosigned else None}
    tx.run("continue_log", {**row, **signed, "added": hub.clock.now()})


def _continue_streams(
    tx: Transaction, heads: Iterable[StreamHead], held: WitnessState | None, *, ahead: bool
) -> None:
    """What the continued log says of every stream; `ahead` when its head is newer than the backup's newest."""
    noted = {row.number: row for row in tx.all("noted_heads", {}, into=NotedHead)}
    closed = _close_short(tx, heads, held) if held else frozenset()
    for head in heads:
        seen = held.heads.get(head.key) if held else None
        if seen and seen.key in closed:
            _place(tx, head, (0, EMPTY_ROOT), EMPTY)
            continue
        witnessed = _frontier(tx, head, seen.size) if seen else EMPTY
        size, root = noted[head.number].noted_size, noted[head.number].noted_root
        if ahead and held is None:
            size, root = head.size, head.root
        elif ahead:
            size, root = (seen.size, seen.root) if seen else (0, EMPTY_ROOT)
        _place(tx, head, (size, root), witnessed)


def _place(tx: Transaction, head: StreamHead, noted: tuple[int, bytes], witnessed: Frontier) -> None:
    tx.run(
        "continue_stream",
        {
            "number": head.number,
            "size": noted[0],
            "root": noted[1],
            "witnessed_size": witnessed.size,
            "witnessed_frontier": witnessed.to_bytes(),
        },
    )


def _make_known(tx: Transaction, held: WitnessState | None, heads: list[StreamHead]) -> list[StreamHead]:
    """Streams that the partner saw and the backup did not, under the names that they must have had."""
    if held is None:
        return heads
    there = {head.name for head in heads}
    for name, key in sorted(_candidates(tx).items()):
        if name not in there and held.heads.get(key):
            create_stream(tx, name)
    return tx.all("stream_heads", {}, into=StreamHead)


def _close_short(tx: Transaction, heads: Iterable[StreamHead], held: WitnessState) -> frozenset[bytes]:
    """Nothing is added to a stream that is shorter than the partner saw it; the blinded names of these."""
    sizes = {head.key: head.size for head in heads}
    short = [seen for seen in held.heads if sizes.get(seen.key, 0) < seen.size]
    for row in closed_streams(tx):  # those of an earlier restore are told by the partner as well
        tx.run("reopen_stream", {"key": row.key})
    for seen in short:
        tx.run("close_stream", {"key": seen.key, "size": seen.size, "root": seen.root})
    return frozenset(seen.key for seen in short)


def reopen(tx: Transaction, name: str) -> None:
    """Open a closed stream again when it is as the partner saw it."""
    head = tx.one("stream_head", {"name": name}, into=StreamHead)
    closed = tx.one("closed_stream", {"key": head.key}, into=ClosedHead) if head else None
    if head is None or closed is None or (head.size, head.root) != (closed.size, closed.root):
        return
    tx.run("reopen_stream", {"key": head.key})
    _place(tx, head, (head.size, head.root), Frontier.from_bytes(head.frontier))


def note_wanted(tx: Transaction) -> None:
    """Remember which streams lack bodies that a reader may still bring."""
    numbers = [head.number for head in tx.all("stream_heads", {}, into=StreamHead) if wanted(tx, head.number)]
    tx.run("set_meta", {"key": _WANTED, "value": msgspec.msgpack.encode(numbers)})


def wanting(tx: Transaction) -> list[int]:
    """Streams that lack bodies, by number, since the last restore."""
    row = tx.one("get_meta", {"key": _WANTED}, into=_Fact)
    return msgspec.msgpack.decode(row.value, type=list[int]) if row else []


def _frontier(tx: Transaction, head: StreamHead, size: int) -> Frontier:
    """The stream's tree when it had that many entries."""
    if size == head.size:
        return Frontier.from_bytes(head.frontier)
    leaves = tx.all("leaves_of_stream", {"stream": head.number, "after": -1, "limit": size}, into=_Leaf)
    return EMPTY.extend(row.leaf for row in leaves)
