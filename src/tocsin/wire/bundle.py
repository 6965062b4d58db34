# SPDX-License-Identifier: Apache-2.0
"""A bundle: streams on their way from one agent to another as a file, when the hub is down or one of them is cut off.

Line 1 is a `SignedBundle`; each further line is an `Entry` or a `Head` as the hub sends them. Entries and heads prove
themselves by the signatures of hub and partner, whoever carries them. What its maker signs is that this is all of it,
for whom it is, and until when it may be taken in. It is not encrypted: it is carried as what it marks itself to be.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated

import msgspec

from tocsin.errors import Malformed, TooLarge, Withheld
from tocsin.proof.signing import Context, SigningKey
from tocsin.wire.messages import Entry, Head, Message, OneOf, Size, decode, encode

MAX_BYTES = 128 * 1024 * 1024
"""Of a bundle: about 90,000 entries."""
MAX_STREAMS = 64
_CUT = "It was cut or changed on its way. Ask for it again."

_LINES = OneOf(Entry, Head)


class Span(msgspec.Struct, frozen=True):
    """What a bundle holds of one stream."""

    stream: str
    start: Size
    """Its first entry here; whoever holds fewer cannot use it."""
    size: Size
    """Entries that its head counts: the bundle holds every one from `start` on."""


class Bundle(Message, frozen=True, kw_only=True, tag="bundle"):
    """What a bundle is, as its maker signs it."""

    hub: str
    realm: str
    by: str
    """The party that made it."""
    to: str
    """The party that it was made for: only what that one may read is in it."""
    made: Size
    """Its maker's clock, microseconds."""
    expires: Size
    """Not to be taken in after that."""
    epoch: Size
    """How often the hub's history had been continued from a backup."""
    streams: Annotated[tuple[Span, ...], msgspec.Meta(max_length=MAX_STREAMS)]
    """The directory first."""
    digest: bytes
    """SHA-256 of all lines after the first, with their line ends."""


class SignedBundle(Message, frozen=True, kw_only=True, tag="signed-bundle"):
    """The first line of the file."""

    bundle: bytes
    """Encoded `Bundle`: the very bytes that the signature covers."""
    signature: bytes
    """Ed25519 by the maker's signing key over context ``bundle`` and the bytes."""


class Opened(msgspec.Struct, frozen=True):
    """A bundle that is whole; nothing in it is proved yet."""

    signed: SignedBundle
    bundle: Bundle
    heads: tuple[Head, ...]
    """One for each stream, in the bundle's order."""
    entries: dict[str, dict[int, Entry]]
    """Those of each stream by their places."""


def context_of(bundle: Bundle) -> Context:
    """What its maker's signature is for."""
    return Context("bundle", bundle.realm, bundle.hub)


def pack(bundle: Bundle, lines: Iterable[Entry | Head], key: SigningKey) -> bytes:
    """The file, with the digest filled in; TooLarge beyond the bound."""
    body = bytearray()
    for line in lines:
        body += encode(line) + b"\n"
        if len(body) > MAX_BYTES:
            raise TooLarge(
                f"A bundle has at most {MAX_BYTES >> 20} MiB.", next_step="Hand over fewer days: --days."
            )
    said = encode(msgspec.structs.replace(bundle, digest=hashlib.sha256(body).digest()))
    signed = SignedBundle(bundle=said, signature=key.sign(context_of(bundle), said))
    return encode(signed) + b"\n" + bytes(body)


def unpack(data: bytes) -> Opened:
    """Read a file that says it is a bundle. Malformed when it is none, Withheld when not all of it is there."""
    if len(data) > MAX_BYTES + 2**20:
        raise TooLarge(f"A bundle has at most {MAX_BYTES >> 20} MiB.")
    first, _, body = data.partition(b"\n")
    signed = decode(first, SignedBundle)
    bundle = decode(signed.bundle, Bundle)
    if hashlib.sha256(body).digest() != bundle.digest:
        raise Withheld("The bundle is not the one that its maker signed.", next_step=_CUT)
    heads: dict[str, Head] = {}
    entries: dict[str, dict[int, Entry]] = {}
    for line in body.splitlines():
        match _LINES.decode(line):
            case Entry() as entry:
                entries.setdefault(entry.stream, {})[entry.seq] = entry
            case Head() as head:
                heads[head.stream] = head
            case _:
                pass  # a later version may say more
    _demand_whole(bundle, heads, entries)
    ordered = tuple(heads[span.stream] for span in bundle.streams)
    return Opened(signed, bundle, ordered, entries)


def _demand_whole(bundle: Bundle, heads: dict[str, Head], entries: dict[str, dict[int, Entry]]) -> None:
    """Every stream that it names is here, from its first entry to its head's last."""
    if heads.keys() != {span.stream for span in bundle.streams} or len(heads) != len(bundle.streams):
        raise Malformed("The bundle does not hold one head for each stream that it names.")
    for span in bundle.streams:
        held = entries.get(span.stream, {})
        whole = heads[span.stream].size == span.size and len(held) == span.size - span.start
        if not whole or any(seq not in held for seq in range(span.start, span.size)):
            raise Withheld(f"The bundle holds a part of {span.stream} only.", next_step=_CUT)
