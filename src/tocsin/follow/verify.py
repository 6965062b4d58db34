# SPDX-License-Identifier: Apache-2.0
"""Proving a stream to its reader, in numbered steps: nothing is acted on before a signed head covers it.

A reader holds the frontier of every stream that it follows. For a new head it checks that

(1) the hub signed the note;
(2) the declared partner co-signed it, or it is late (the reader then decides what may still happen);
(3) the proof leads from the stream's size and root, under the name that it must have, to the note;
(4) the stream has not become shorter, nor another one of the same length;
(5) every entry up to the head's size, or the part's, is there, each body under its commitment, none judged by an older
    directory and none added at a time that cannot be (`EARLIEST`, `LATEST`);
(6) the tree over what the reader holds and these entries has the head's root, or is the beginning of the head's tree.

A part proves the beginning of a stream under a head that counts more: so a reader that catches up keeps what it has,
and waits for the rest with little memory. What it keeps is as good as under a head of its own, and no head that counts
less than the part's is believed afterwards.

Pure: bytes in, verified entries out. The reader's store and the network are elsewhere.
"""

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.clock import from_text
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import BadProof, BadSignature, ProofError, Rewritten, TakenBack, Withheld
from tocsin.follow.names import key_of
from tocsin.proof.headmap import HeadProof, check_head_proof
from tocsin.proof.leaf import LeafParts, check_body, commit_header, leaf_of
from tocsin.proof.merkle import EMPTY, Frontier, verify_consistency
from tocsin.proof.note import Note, VerifierKey, open_note, verify_cosignature
from tocsin.wire.messages import Entry, Head, Header, decode, encode

EARLIEST = from_text("2000-01-01T00:00:00Z")
LATEST = from_text("2200-01-01T00:00:00Z")
"""Whatever the hub's clock says, an entry was added between these two: a wrong clock is believed, as order comes from
`seq`, and a time that no calendar can write is not."""
MAX_DIRECTORY = 2**53
"""Entries that a directory can have; what JSON numbers hold exactly everywhere."""


class Trust(msgspec.Struct, frozen=True):
    """Whose signatures this reader demands."""

    hub: str
    realm: str
    hub_key: VerifierKey
    partner_key: VerifierKey | None
    """None: heads are unwitnessed by declared policy."""
    former_keys: tuple[VerifierKey, ...] = ()
    """Keys of the hub before this one: they open old notes, never a new head."""
    former_partners: tuple[VerifierKey, ...] = ()
    names: bytes = b""
    """`salt_h` of the directory's first entry, which blinds the names of streams; empty until that was proved."""
    names_late: bool = True
    """The partner has not co-signed that entry: under it no head is better than late."""
    abandoned: tuple[str, ...] = ()
    """Streams whose end the directory has given up, one for each time."""


class StreamState(msgspec.Struct, frozen=True):
    """How far one stream has proved itself."""

    frontier: Frontier = EMPTY
    note: str = ""
    """The signed note of the newest head."""
    head: bytes = b""
    """The newest head, whole, as it came: what a hub is shown that must be made whole again. Empty for a part: not
    everything that the head counts is here."""
    directory: int = 0
    """The directory size that its last entry names."""
    counted: int = 0
    """Entries that the newest head counts: more than the frontier's size while only a part of them is here."""


class VerifiedEntry(msgspec.Struct, frozen=True):
    """One entry that a signed head covers."""

    stream: str
    seq: int
    header: Header
    header_bytes: bytes
    salt_h: bytes
    origin_c: bytes
    body_c: bytes
    leaf: bytes
    body: bytes | None
    """None when it was erased."""
    salt_b: bytes | None


class Proved(msgspec.Struct, frozen=True):
    """What a head proved."""

    state: StreamState
    entries: tuple[VerifiedEntry, ...]
    witness: str
    """``witnessed``, ``unwitnessed`` (policy) or ``late``."""
    log: int
    """Size of the head log at this head."""


def prove(
    trust: Trust,
    state: StreamState,
    pending: Mapping[int, Entry],
    head: Head,
    size: int | None = None,
    path: tuple[bytes, ...] = (),
) -> Proved:
    """Verify a head with the entries that wait for it; a ProofError names what does not add up.

    With a `size`, prove only the first so many entries, by a `path` from the tree over them to the head's.
    """
    note = open_note(head.note, trust.hub_key)  # (1)
    witness = _witness(trust, head.stream, note)  # (2)
    proof = HeadProof(head.map_index, head.map_size, head.map_path, note.checkpoint.size - 1, head.log_path)
    check_head_proof(
        proof,
        stream=head.stream,
        key=_key(trust, head.stream),
        size=head.size,
        root=head.root,
        checkpoint=note.checkpoint,
    )  # (3)
    held, upto = state.frontier, head.size if size is None else size
    gone = _gone(trust, head.stream, held.size)
    _check_grown(state, head, upto, gone)  # (4)
    entries = []
    for seq in range(held.size, upto):  # (5)
        if seq not in pending:
            raise Withheld(
                f"Entry {seq} of {head.stream} is counted by the signed head and was not delivered."
            )
        entries.append(verify_entry(trust, pending[seq]))
    directory = _directory(state, entries)
    frontier = held.extend(entry.leaf for entry in entries)
    _check_tree(frontier, head, path, gone)  # (6)
    whole = encode(head) if upto == head.size else b""
    proved = StreamState(frontier, head.note, whole, directory, head.size)
    return Proved(proved, tuple(entries), witness, note.checkpoint.size)


def _check_grown(state: StreamState, head: Head, upto: int, gone: str) -> None:
    """The head counts no less than was counted before, and this part of it is one that is new."""
    held, counted = state.frontier, max(state.frontier.size, state.counted)
    if head.size < counted:
        raise TakenBack(
            f"Stream {head.stream} had {counted} entries and now claims {head.size}: "
            f"the hub was restored without its ceremony, or takes back what it published.{gone}"
        )
    if head.size == held.size and head.root != held.root():
        raise TakenBack(f"Stream {head.stream} had another root at the same {head.size} entries.{gone}")
    if not held.size <= upto <= head.size:
        raise BadProof(f"No part of {head.stream} leads from {held.size} to {upto} of {head.size} entries.")


def _check_tree(frontier: Frontier, head: Head, path: tuple[bytes, ...], gone: str) -> None:
    """The tree is the head's, or `path` shows that the head's begins with it."""
    try:
        verify_consistency(frontier.size, frontier.root(), head.size, head.root, path)
    except Rewritten:
        raise Rewritten(
            f"The entries of {head.stream} up to {frontier.size} are not those under the signed root: "
            f"an entry was changed, put in or left out.{gone}"
        ) from None
    except BadProof as error:
        raise BadProof(
            f"Nothing shows that {head.stream} begins with the {frontier.size} entries that came. {error.detail}"
        ) from None


def _directory(state: StreamState, entries: Iterable[VerifiedEntry]) -> int:
    """The directory size that the last entry names. It never falls: else an old key could sign again."""
    directory = state.directory
    for entry in entries:
        if entry.header.directory < directory:
            raise ProofError(
                f"Entry {entry.seq} of {entry.stream} wants to be judged by an older directory than the entry before: "
                "a key that was replaced may have signed it."
            )
        directory = entry.header.directory
    return directory


def _key(trust: Trust, stream: str) -> bytes:
    """Under which name the stream's head must stand in the map."""
    if stream != DIRECTORY and not trust.names:
        raise ProofError(f"A head of {stream} came before the directory, by which streams are told apart.")
    return key_of(stream, trust.names, trust.abandoned.count(stream))


def _gone(trust: Trust, stream: str, size: int) -> str:
    """What a tree that does not go on from the held one means, where the hub has given up a stream's end."""
    if stream not in trust.abandoned:
        return ""
    return f" The hub has given up the end of {stream} as lost, and this agent holds {size} entries of it."


def _witness(trust: Trust, stream: str, note: Note) -> str:
    """How the note is signed. A cosignature that is there and wrong refuses it; one that is missing is late."""
    if trust.partner_key is None:
        return "unwitnessed"
    if note.line_of(trust.partner_key) is None:
        return "late"
    verify_cosignature(note, trust.partner_key)
    return "late" if stream != DIRECTORY and trust.names_late else "witnessed"


def verify_entry(trust: Trust, entry: Entry) -> VerifiedEntry:
    """The entry with its leaf, which the tree must hold; an erased one proves itself by its commitment alone."""
    if (entry.body is None) != (entry.salt_b is None):
        raise BadSignature(f"Entry {entry.seq} of {entry.stream} has a body or a salt, but not both.")
    if entry.body is not None and entry.salt_b is not None:
        check_body(entry.body_c, entry.salt_b, entry.body)
    header = decode(entry.header, Header)
    if not EARLIEST <= header.added < LATEST or not 0 <= header.directory <= MAX_DIRECTORY:
        raise ProofError(f"Entry {entry.seq} of {entry.stream} names a time or a directory that cannot be.")
    leaf = leaf_of(
        LeafParts(
            hub=trust.hub,
            realm=trust.realm,
            stream=entry.stream,
            origin=entry.origin_c,
            header=commit_header(entry.salt_h, entry.header),
            body=entry.body_c,
        )
    )
    return VerifiedEntry(
        stream=entry.stream,
        seq=entry.seq,
        header=header,
        header_bytes=entry.header,
        salt_h=entry.salt_h,
        origin_c=entry.origin_c,
        body_c=entry.body_c,
        leaf=leaf,
        body=entry.body,
        salt_b=entry.salt_b,
    )
