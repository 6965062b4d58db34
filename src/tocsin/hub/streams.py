# SPDX-License-Identifier: Apache-2.0
"""Appending to streams: dense numbers, salted commitments, a growing tree, all in the committing transaction.

A stream is (realm, audience). Its head row is locked first, so `seq` follows the order of commits on both engines
and two hub processes cannot take the same number. Not here: who may read (`tocsin.hub.readable`), signing heads
(`tocsin.hub.heads.noting`), sending (`tocsin.hub.reading.fanout`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.clock import Clock, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.release import Purpose, bits
from tocsin.errors import HubRestoring, StorageError
from tocsin.follow.names import key_of
from tocsin.ids import Entropy
from tocsin.proof.leaf import SALT_SIZE, LeafParts, commit_body, commit_header, commit_origin, leaf_of
from tocsin.proof.merkle import EMPTY, EMPTY_ROOT, Frontier
from tocsin.proof.tiles import grow
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import Header, encode

_Salts = tuple[bytes, bytes, bytes]
"""For origin, header and body."""


class Draft(msgspec.Struct, frozen=True):
    """One entry before it has a place."""

    kind: str
    fact: str
    body: bytes
    chain: str = ""
    batch: str = ""
    named: bool = True
    purposes: frozenset[Purpose] = frozenset()
    """What it may be read for; empty: anything."""
    not_before: Instant | None = None
    """The embargo that it was held for."""
    unattended: bool = False
    """A standing rule of its sender's approved it, and no person."""


class Origin(msgspec.Struct, frozen=True):
    """Where entries come from: committed to by their leaves, never served."""

    owner: str | None
    """The party, or None for an anonymous report and for the hub's own entries."""
    record: bytes
    """Owner and request signature as received."""


HUB_ITSELF = Origin(owner=None, record=b"hub")
"""The origin of entries that the hub itself derives or declares."""


class Placed(msgspec.Struct, frozen=True):
    """Where an entry stands now."""

    stream: str
    number: int
    seq: int


class StreamHead(msgspec.Struct, frozen=True):
    """A stream as it stands."""

    number: int
    name: str
    key: bytes
    size: int
    frontier: bytes
    root: bytes
    added: int


class LockedHead(StreamHead, frozen=True):
    """A stream that nobody else can append to until the transaction ends."""

    closed: int
    """1 while it waits for one of its readers."""
    directory: int
    """How many entries the directory has."""


class _Names(msgspec.Struct, frozen=True):
    salt_h: bytes


class _Declared(msgspec.Struct, frozen=True):
    value: str


class ClosedHead(msgspec.Struct, frozen=True):
    """A stream that waits for one of its readers, as the partner last saw it."""

    key: bytes
    size: int
    root: bytes


def closed_streams(tx: Transaction) -> list[ClosedHead]:
    """Every stream that waits for one of its readers."""
    return tx.all("closed_streams", {}, into=ClosedHead)


def lock(tx: Transaction, name: str) -> LockedHead:
    """The head of a stream, locked until the transaction ends; the stream is made when there is none yet."""
    head = tx.one("lock_stream", {"name": name}, into=LockedHead)
    if head is None:
        create_stream(tx, name)
        head = tx.one("lock_stream", {"name": name}, into=LockedHead)
    if head is None:
        raise StorageError(f"Stream {name} could not be made.")
    return head


def create_stream(tx: Transaction, name: str) -> None:
    """Make a stream without entries, unless it is there. StorageError for any other before the directory has one."""
    empty: Params = {"frontier": EMPTY.to_bytes(), "root": EMPTY_ROOT}
    tx.run("create_stream", {"name": name, "key": blinded(tx, name), **empty})


def blinded(tx: Transaction, name: str) -> bytes:
    """How the partner names a stream, whether or not it is there; StorageError while the directory has no entry."""
    return _blinded(tx, name, abandonments(tx, name))


def _blinded(tx: Transaction, name: str, times: int) -> bytes:
    if name == DIRECTORY:
        return key_of(name, b"")
    names = names_of(tx)
    if not names:
        raise StorageError(f"The directory must have an entry before {name} can.")
    return key_of(name, names, times)


def abandoned(tx: Transaction) -> tuple[str, ...]:
    """Every stream whose end was given up, as often as it was."""
    return tuple(row.value for row in tx.all("abandoned", {}, into=_Declared))


def abandonments(tx: Transaction, name: str) -> int:
    """How often the end of a stream was given up."""
    return abandoned(tx).count(name)


def names_before(tx: Transaction) -> frozenset[bytes]:
    """Blinded names that streams had before their ends were given up."""
    return frozenset(
        _blinded(tx, name, times) for name, count in Counter(abandoned(tx)).items() for times in range(count)
    )


def blind_anew(tx: Transaction, name: str) -> None:
    """The stream stands in the map under its present name, where nobody has seen it yet."""
    tx.run(
        "blind_anew",
        {"name": name, "key": blinded(tx, name), "root": EMPTY_ROOT, "frontier": EMPTY.to_bytes()},
    )


def names_of(tx: Transaction) -> bytes:
    """What blinds the names of streams (`tocsin.follow.names`); empty while the directory has no entry."""
    row = tx.one("names", {}, into=_Names)
    return row.salt_h if row else b""


class Streams:
    """All streams of one realm of one hub."""

    def __init__(self, hub: str, realm: str, clock: Clock, entropy: Entropy) -> None:
        self._hub = hub
        self._realm = realm
        self._clock = clock
        self._entropy = entropy

    def append(
        self, tx: Transaction, name: str, drafts: Sequence[Draft], origin: Origin
    ) -> tuple[Placed, ...]:
        """Give each draft the next place in the stream; the stream is made when there is none yet."""
        return self.append_all(tx, name, [(draft, origin) for draft in drafts])

    def append_all(
        self, tx: Transaction, name: str, drafts: Sequence[tuple[Draft, Origin]], at: Instant | None = None
    ) -> tuple[Placed, ...]:
        """The same for drafts of several origins.

        `at` is when they count as added, where that is not now: a moment that tells nothing of when they came.
        """
        if not drafts:
            return ()
        head = self._lock(tx, name)
        added, leaves = head.added, []
        entries, bodies, origins = [], [], []
        for seq, ((draft, origin), salts) in enumerate(
            zip(drafts, self._salts(len(drafts)), strict=True), head.size
        ):
            # `added` is strictly increasing per stream, whatever the clock does.
            added = max(self._clock.now() if at is None else at, added + 1)
            known = seq if name == DIRECTORY else head.directory
            entry, body, source, leaf = self._entry(head, seq, draft, origin, Instant(added), known, salts)
            leaves.append(leaf)
            entries.append(entry)
            bodies.append(body)
            origins.append(source)
        rows = (("insert_entry", entries), ("insert_body", bodies), ("insert_origin", origins))
        advance(tx, head, leaves, added, *rows)
        return tuple(Placed(name, head.number, seq) for seq in range(head.size, head.size + len(leaves)))

    def _salts(self, entries: int) -> Iterator[_Salts]:
        """Fresh salts for so many entries, drawn at once: asking the system costs more than the bytes."""
        drawn = self._entropy(entries * 3 * SALT_SIZE)
        for at in range(0, len(drawn), 3 * SALT_SIZE):
            salt_o, salt_h = drawn[at : at + SALT_SIZE], drawn[at + SALT_SIZE : at + 2 * SALT_SIZE]
            yield salt_o, salt_h, drawn[at + 2 * SALT_SIZE : at + 3 * SALT_SIZE]

    def _lock(self, tx: Transaction, name: str) -> LockedHead:
        head = lock(tx, name)
        if head.closed:
            raise HubRestoring(
                f"What was said to {name} is not whole again: one of its readers must come first."
            )
        return head

    def _entry(
        self,
        head: StreamHead,
        seq: int,
        draft: Draft,
        origin: Origin,
        added: Instant,
        directory: int,
        salts: _Salts,
    ) -> tuple[Params, Params, Params, bytes]:
        """The rows of one entry and its leaf, under three salts of its own."""
        salt_o, salt_h, salt_b = salts
        header = encode(
            Header(
                entry=draft.kind,
                added=added,
                fact=draft.fact,
                chain=draft.chain,
                batch=draft.batch,
                named=draft.named,
                purposes=tuple(sorted(draft.purposes)) if draft.purposes else (),
                directory=directory,
                unattended=draft.unattended,
            )
        )
        origin_c, body_c = commit_origin(salt_o, origin.record), commit_body(salt_b, draft.body)
        leaf = leaf_of(
            LeafParts(
                hub=self._hub,
                realm=self._realm,
                stream=head.name,
                origin=origin_c,
                header=commit_header(salt_h, header),
                body=body_c,
            )
        )
        entry: Params = {
            "stream": head.number,
            "seq": seq,
            "header": header,
            "salt_h": salt_h,
            "origin_c": origin_c,
            "body_c": body_c,
            "leaf": leaf,
            "fact": draft.fact,
            "kind": draft.kind,
            "added": added,
            "not_before": draft.not_before,
            "purposes": bits(draft.purposes) if draft.purposes else 0,
        }
        body: Params = {"stream": head.number, "seq": seq, "salt_b": salt_b, "body": draft.body}
        source: Params = {
            "stream": head.number,
            "seq": seq,
            "salt_o": salt_o,
            "origin": origin.record,
            "owner": origin.owner,
            "fact": draft.fact,
        }
        return entry, body, source, leaf


def advance(
    tx: Transaction,
    head: StreamHead,
    leaves: Sequence[bytes],
    added: int,
    *rows: tuple[str, Sequence[Params]],
) -> None:
    """Move a locked head on over the leaves of entries that are put behind it, the last one added then.

    The entries' own `rows` go with it, in one wait for the engine.
    """
    frontier, completed = grow(Frontier.from_bytes(head.frontier), leaves)
    subtrees: list[Params] = [{"stream": head.number, **msgspec.structs.asdict(one)} for one in completed]
    moved: Params = {
        "number": head.number,
        "was": head.size,
        "size": frontier.size,
        "frontier": frontier.to_bytes(),
        "root": frontier.root(),
        "added": added,
    }
    changed = tx.run_all(*rows, ("keep_subtree", subtrees), ("advance_stream", [moved]))
    if changed[-1] != 1:
        raise StorageError(f"The head of stream {head.number} moved while it was locked.")


def directory_size(tx: Transaction) -> int:
    """How many entries the directory has: whoever signs now is judged as it stands then."""
    head = tx.one("stream_head", {"name": DIRECTORY}, into=StreamHead)
    return head.size if head else 0
