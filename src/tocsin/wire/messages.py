# SPDX-License-Identifier: Apache-2.0
"""Tocsin's own protocol: every message a frozen struct with `kind` and integer `v`.

Within a version fields may be added, and readers ignore those they do not know. A message of an unknown kind or a
later version is stored, counted and relayed, never acted on: `peek` tells them apart before anything is decoded.
Bytes travel as base64 (RFC 4648 §4). What is hashed or signed is always the bytes as sent, never decoded values.
"""

import re
from functools import reduce
from operator import or_
from typing import Annotated, TypeVar

import msgspec

from tocsin.domain.observable import Observable
from tocsin.domain.party import Role
from tocsin.domain.release import Purpose
from tocsin.domain.warning import Warning
from tocsin.errors import Malformed
from tocsin.wire.repeated import refuse_repeated

VERSION = 1
MAX_OBJECTS = 1_001
"""Of one report: a grouping and 1,000 indicators."""
Size = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A count, a place or a time, within what JSON numbers hold exactly everywhere, and every store."""
MAX_BODY = 4 * 1024 * 1024
"""Bytes of one request; a report of 1,000 indicators is about 700 kB."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of a NUL in JSON, whose backslash is not escaped itself; bare, it is no JSON (RFC 8259 §7)."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What all messages have: a kind (the tag) and a version."""

    v: Size = VERSION


# --- an agent asks, the hub answers ------------------------------------------------------------------------------


class Enrol(Message, frozen=True, kw_only=True, tag="enrol"):
    """A new party redeems its one-time code."""

    code: str
    signing_key: bytes
    """Ed25519 public key, 32 bytes; signs every request from now on."""
    sealing_key: bytes
    """X25519 public key, 32 bytes; sealed parts are encrypted to it."""
    recovery_key: bytes
    """Ed25519 public key, 32 bytes, kept offline: it can only revoke and replace."""
    agreement: str
    """SHA-256, in hex, of the members' agreement that the person accepted; empty when the alliance has none."""


class Enrolled(Message, frozen=True, kw_only=True, tag="enrolled"):
    """What a new party learns: who it is, and whose signatures to demand."""

    party: str
    name: str
    role: Role
    jurisdiction: str
    realm: str
    alliance: str
    alliance_identity: str
    """STIX identity that authors what members disclose."""
    hub_key: str
    """The hub's first verifier key; its hash is in the enrolment code, so nobody in between can change it. The
    directory leads from it to the present one."""
    partner_key: str | None
    """Verifier key of the first declared partner, or None: heads are unwitnessed by policy. As with the hub's."""
    agreement: str = ""
    """SHA-256, in hex, of the members' agreement; empty when the alliance has none."""


class Told(Message, frozen=True, kw_only=True):
    """What a party tells the hub: receipted once, whatever the number of times it is sent."""

    id: str
    """Its identifier, and the idempotency key within what this party tells."""
    sent: Size
    """Agent's clock, microseconds."""


class Report(Told, frozen=True, kw_only=True, tag="report"):
    """A disclosure on its way out of a bank; its id is the report's, ``rpt_…``."""

    report_class: str = "named"
    """``named``; ``now`` and ``mixed`` take the anonymous path."""
    audiences: tuple[str, ...] = ()
    """Canonical audiences; empty is the author's default."""
    purposes: tuple[Purpose, ...] = ()
    """What it may be read for; empty: anything. Restricted reports count for no band."""
    not_before: Size = 0
    """Embargo: nobody but the author reads it earlier; microseconds."""
    unattended: bool = False
    """A standing rule approved it, and no person looked: such reports alone complete no quorum."""
    objects: tuple[msgspec.Raw, ...]
    """STIX 2.1 objects as minted by the agent."""


class Sight(Told, frozen=True, kw_only=True, tag="sight"):
    """A named party says that it really saw an observable."""

    audience: str = "members"
    observable: Observable
    happened: str
    """UTC day."""


class Warn(Told, frozen=True, kw_only=True, tag="warn"):
    """One version of an agency's or the desk's warning, signed by its author.

    Its id is the warning's for the first version, ``msg_…`` for a later one.
    """

    audiences: tuple[str, ...] = ("all",)
    purposes: tuple[Purpose, ...] = ()
    """What it may be read for; empty: anything."""
    not_before: Size = 0
    """Embargo: nobody but the author reads it earlier; microseconds."""
    warning: bytes
    """Encoded `Warning`: the very bytes that the signature covers."""
    signature: bytes
    """Ed25519 by the author's signing key over context ``warning`` and the bytes."""


class Erase(Told, frozen=True, kw_only=True, tag="erase"):
    """The author takes back everything about one fact."""

    fact: str
    """The identifier of the report, sighting, warning or acknowledgement."""
    reason: str
    """One of `ERASURE_REASONS`."""


ERASURE_REASONS = frozenset({"mistake", "withdrawn", "law", "retention"})


class Outcome(msgspec.Struct, frozen=True):
    """What became of one object; its neighbours have outcomes of their own."""

    object: str
    """STIX or Tocsin identifier."""
    status: str
    """``accepted``, ``held`` (it is placed when its embargo ends), ``known``, ``conflict`` or ``refused``."""
    reason: str = ""
    stream: str = ""
    seq: Annotated[int, msgspec.Meta(ge=-1, le=2**53)] = -1
    """Place of the entry in its stream, when there is one; 2⁵¹ or more is veiled: the sender does not read there."""


class Receipt(Message, frozen=True, kw_only=True, tag="receipt"):
    """The hub's word that something is durable; the same message brings the same receipt."""

    hub: str
    party: str
    message: str
    """Identifier of the message that is receipted."""
    added: Size
    """Hub's time of the commit, microseconds."""
    outcomes: tuple[Outcome, ...]
    directory: Size = 0
    """Entries of the directory at the commit: the hub key that counted then has signed."""
    digest: bytes = b""
    """SHA-256 of the message as it was sent: nothing else is receipted under its identifier."""


class SignedReceipt(Message, frozen=True, kw_only=True, tag="signed-receipt"):
    """A receipt with the hub's signature over exactly its bytes."""

    receipt: bytes
    signature: bytes


# --- the stream --------------------------------------------------------------------------------------------------


class Header(Message, frozen=True, kw_only=True, tag="header"):
    """What is said about an entry without opening it; hashed as served."""

    entry: str
    """Kind of the body: ``object``, ``sighting``, ``warning``, ``band``, ``erasure``, ``party``, ``key``,
    ``agreement``, ``membership``, ``acknowledgement``, ``answers``."""
    added: int
    """Strictly increasing in one stream."""
    fact: str
    """What it is about; several entries may share it."""
    chain: str = ""
    """Random; equal for all versions of one object; stands in for the owner."""
    batch: str = ""
    named: bool = True
    """Whether the hub knows the sender: False for anonymous classes."""
    purposes: tuple[str, ...] = ()
    """What the body may be read for; empty: anything. Sorted; a later version may know more of them."""
    directory: int = 0
    """Entries of the directory when this one was added: whoever signed is judged as it stood then. Never falls in one
    stream."""
    unattended: bool = False
    """As in the report that it came in."""


class Entry(Message, frozen=True, kw_only=True, tag="entry"):
    """One entry as delivered. One that is erased, or whose body is not for this reader, has neither body nor its salt,
    and still proves its place.
    """

    stream: str
    seq: Size
    header: bytes
    salt_h: bytes
    origin_c: bytes
    """Commitment to owner and request signature, which are never served."""
    body_c: bytes
    body: bytes | None
    salt_b: bytes | None


class Head(Message, frozen=True, kw_only=True, tag="head"):
    """A signed head of one stream: from its root to the note that hub and partner signed."""

    stream: str
    size: Size
    root: bytes
    map_index: Size
    map_size: Size
    map_path: tuple[bytes, ...]
    log_path: tuple[bytes, ...]
    note: str
    """Note over the head log with the hub's signature, and the partner's when it witnessed: nothing else says so."""


class Part(Message, frozen=True, kw_only=True, tag="part"):
    """Proves what was sent of a stream so far, while the rest up to its head is still to come.

    The reader keeps it: a connection that breaks costs one part. Readers that do not know it wait for the head.
    """

    head: Head
    """The newest; as in a message of its own, but for its entries, which are not all there yet."""
    size: Size
    """How many entries of the stream are proved by this: at most the head's size."""
    path: tuple[bytes, ...]
    """Proof that the head's tree begins with the tree over these (RFC 9162 §2.1.4); empty when it is all of it."""
    position: str
    """Cursor over everything that is proved once this is."""


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """First event of a stream connection."""

    hub: str
    streams: tuple[str, ...]
    """Every stream this party follows now."""
    reader_v: tuple[Size, Size] = (1, VERSION)
    """Versions that this hub serves."""
    epoch: Size = 0
    """How often this hub's history was continued from a backup."""


class Consistency(Message, frozen=True, kw_only=True, tag="consistency"):
    """Proof that the head log of one size begins with that of another (RFC 9162 §2.1.4)."""

    old: Size
    new: Size
    path: tuple[bytes, ...]


class Health(Message, frozen=True, kw_only=True, tag="health"):
    """Whether a process is ready, in words that tell a stranger nothing about the alliance."""

    ready: bool
    witness: str
    """``witnessed``, ``unwitnessed`` or ``late``, as of the newest head; ``restoring`` while there is none."""


M = TypeVar("M", bound=Message)

_encoder = msgspec.json.Encoder()


class Peek(msgspec.Struct, frozen=True):
    """Kind and version of a message, read before anything else."""

    kind: str = ""
    v: Size = 0


def encode(message: msgspec.Struct) -> bytes:
    """The JSON bytes of a message: compact, fields in the order of its class."""
    return _encoder.encode(message)


def decode(data: bytes, into: type[M], limit: int = MAX_BODY) -> M:
    """Read a message of exactly that kind; Malformed names the field and what is wrong."""
    if len(data) > limit:
        raise Malformed(f"A message has at most {limit} bytes.")
    try:
        message = msgspec.json.decode(data, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{error}.") from None
    _check(message, data)
    return message


class OneOf:
    """Reads messages of several kinds, each once: on a stream nobody knows beforehand what comes."""

    def __init__(self, *kinds: type[Message]) -> None:
        self._decoder = msgspec.json.Decoder(reduce(or_, kinds))
        self._kinds = frozenset(str(kind.__struct_config__.tag) for kind in kinds)

    def decode(self, data: bytes) -> Message | None:
        """As the function `decode`; None for a message of another kind, whatever else is in it."""
        if len(data) > MAX_BODY:
            raise Malformed(f"A message has at most {MAX_BODY} bytes.")
        try:
            message: Message = self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if peek(data).kind not in self._kinds:
                return None
            raise Malformed(f"{error}.") from None
        _check(message, data)
        return message


def _check(message: Message, data: bytes) -> None:
    """Malformed for what no decoder refuses."""
    if b"\\u0000" in data and _NUL.search(data):
        raise Malformed("No text of a message holds a NUL: stores and terminals cannot.")
    if message.v != VERSION:
        raise Malformed(
            f"Version {message.v} of {peek(data).kind} is not served; this side speaks {VERSION}."
        )


def peek(data: bytes) -> Peek:
    """Kind and version of any message, known or not, empty and 0 where it says none; Malformed when it is no object."""
    if len(data) > MAX_BODY:
        raise Malformed(f"A message has at most {MAX_BODY} bytes.")
    try:
        return msgspec.json.decode(data, type=Peek)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{error}.") from None


def encode_warning(warning: Warning) -> bytes:
    """The bytes of a warning that its author signs."""
    return _encoder.encode(warning)


def decode_warning(data: bytes) -> Warning:
    """A warning from the bytes its author signed; Malformed otherwise."""
    refuse_repeated(data)
    try:
        return msgspec.json.decode(data, type=Warning)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{error}.") from None
