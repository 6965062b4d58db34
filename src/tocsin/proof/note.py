# SPDX-License-Identifier: Apache-2.0
"""Signed notes over a log's head, and the partner's cosignature: the text formats of C2SP.

::

    hub.example/heads/live                                origin: whose log, in which realm
    1705                                                  how many heads the log has
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=          root of the log

    — hub.example/heads/live base64( key id:4 ‖ Ed25519 over the three lines )
    — partner.example base64( key id:4 ‖ seconds:8 ‖ Ed25519 over the lines "cosignature/v1", "time <seconds>"
                                                     and the three lines )

- A note is read whole or not at all: at most `MAX_NOTE` bytes, three lines of text, canonical base64, no key twice.
- Lines of unknown keys are ignored; a line of a known key that does not verify refuses the note.
- The hub's key is named after the origin, so a note of another hub or another realm does not open.

Not here: whether an unwitnessed head may be used, and how old a cosignature may be; the reader decides.
Sources: c2sp.org/signed-note, c2sp.org/tlog-checkpoint (without extension lines), c2sp.org/tlog-cosignature (v1).
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256

import msgspec

from tocsin.clock import SECOND, Instant
from tocsin.errors import BadSignature, Forked, Malformed, TooLarge
from tocsin.proof.encoding import from_base64, name_bytes, to_base64
from tocsin.proof.merkle import HASH_SIZE, MAX_SIZE
from tocsin.proof.signing import SIGNATURE_SIZE, SigningKey, check_public_key, verify_exactly

MAX_NOTE = 4_096
_DASH = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,9}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_KEY_ID_SIZE = 4
_TIME_SIZE = 8
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, after which a time has no text."""
_REMEMBERED = 256
"""Keys that are not read again: the same few sign for months. About 100 kB."""


class KeyKind(IntEnum):
    """How a key signs: the signature type byte of C2SP."""

    NOTE = 1
    """Over the note's text: the hub."""
    COSIGNATURE = 4
    """Over the text and a time: the partner."""


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key with the name it signs under; as text ``name+<8 hex digits>+<base64>``."""

    name: str
    kind: KeyKind
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        check_public_key(self.public)

    @property
    def id(self) -> bytes:
        """4 bytes that tell keys of one name apart; no protection against a collision made on purpose."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:_KEY_ID_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    @lru_cache(_REMEMBERED)
    def parse(cls, text: str) -> "VerifierKey":
        """Read the text; Malformed when it is not one, or when its id does not fit its key."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        data = from_base64(encoded)
        if not _KEY_ID.fullmatch(key_id) or data[:1] not in [bytes([kind]) for kind in KeyKind]:
            raise Malformed(f"{text[:80]!r} is not a verifier key: name+<8 hex digits>+<base64>.")
        key = cls(name, KeyKind(data[0]), data[1:])
        if key.id.hex() != key_id:
            raise Malformed(
                f"The id of the verifier key of {name} does not fit its key; was it cut or retyped?"
            )
        return key


class Checkpoint(msgspec.Struct, frozen=True):
    """The head of a log: whose, how long, and its root."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the three lines; Malformed for anything else."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise Malformed("A checkpoint has three lines: origin, size, root.")
        origin, size, root = check_key_name(lines[0]), lines[1], from_base64(lines[2])
        if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
            raise Malformed(f"{size[:20]!r} is not the size of a log.")
        if len(root) != HASH_SIZE:
            raise Malformed(f"A root has {HASH_SIZE} bytes.")
        return cls(origin, int(size), root)


class SignatureLine(msgspec.Struct, frozen=True):
    """One line under a note: who says to have signed, and what."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"


class Note(msgspec.Struct, frozen=True):
    """A note that its hub signed; made by `open_note` alone."""

    text: str
    checkpoint: Checkpoint
    lines: tuple[SignatureLine, ...]

    def line_of(self, key: VerifierKey) -> SignatureLine | None:
        """The line that names this key, or None; nothing is verified here."""
        return next((line for line in self.lines if (line.name, line.key_id) == (key.name, key.id)), None)


def log_origin(hub: str, realm: str) -> str:
    """The origin of a hub's head log in one realm, ``<hub>/heads/<realm>``; Malformed for names that do not fit."""
    if "/" in realm or not realm:
        raise Malformed(f"{realm[:40]!r} is not a realm that can stand in the name of a log.")
    return check_key_name(f"{hub}/heads/{realm}")


def check_key_name(name: str) -> str:
    """Return a name that can stand in a note; Malformed when it is empty, too long, or has a space or a plus."""
    name_bytes(name)
    if "+" in name or " " in name or not name.isprintable():  # of all spaces, only this one is printable
        raise Malformed(f"{name[:40]!r} cannot name a key: no spaces, no plus sign, nothing invisible.")
    return name


def sign_note(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The checkpoint as a note signed by its hub."""
    body = checkpoint.to_text()
    named = VerifierKey(checkpoint.origin, KeyKind.NOTE, key.public)
    return f"{body}\n{SignatureLine(named.name, named.id, key.sign_exactly(body.encode()))}"


def open_note(text: str, hub_key: VerifierKey) -> Note:
    """Read a note and check that its hub signed it; Malformed, TooLarge, or BadSignature."""
    # (1) It is bounded, and text.
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Malformed("A note is text in UTF-8.") from None
    if size > MAX_NOTE:
        raise TooLarge(f"A note has at most {MAX_NOTE} bytes.")
    # (2) It is three lines, an empty one, and signatures.
    body, gap, tail = text.partition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise Malformed("A note is a text, an empty line, and one or more signature lines.")
    checkpoint = Checkpoint.parse(body + "\n")
    # (3) No key signs twice.
    lines = tuple(_signature_line(line) for line in tail.split("\n")[:-1])
    if len({(line.name, line.key_id) for line in lines}) != len(lines):
        raise Malformed("A key has signed this note twice.")
    # (4) It is a head of this hub's log, and the hub signed it.
    note = Note(text, checkpoint, lines)
    line = note.line_of(hub_key)
    if hub_key.kind is not KeyKind.NOTE or checkpoint.origin != hub_key.name or line is None:
        raise BadSignature(f"{hub_key.name} has not signed this head of {checkpoint.origin}.")
    verify_exactly(hub_key.public, checkpoint.to_text().encode(), line.signature)
    return note


def open_under(text: str, keys: Sequence[VerifierKey]) -> Note:
    """Open an old note under whichever of these keys of its hub signed it; as `open_note` with the first otherwise."""
    for key in keys[1:]:
        with suppress(BadSignature):
            return open_note(text, key)
    return open_note(text, keys[0])


def cosign(note: Note, name: str, key: SigningKey, now: Instant) -> str:
    """The note with the partner's cosignature added; the statement is that no longer or other head was seen until now.

    Call it from `tocsin.halves.witness` only: the checks that make the statement true are there.
    """
    named = VerifierKey(name, KeyKind.COSIGNATURE, key.public)
    if note.line_of(named) is not None:
        raise Malformed(f"{name} has already co-signed this note.")
    seconds = now // SECOND
    signature = key.sign_exactly(_cosigned(note.checkpoint, seconds))
    line = SignatureLine(named.name, named.id, seconds.to_bytes(_TIME_SIZE, "big") + signature)
    cosigned = f"{note.text}{line}"
    if len(cosigned.encode()) > MAX_NOTE:
        raise TooLarge(f"A note has at most {MAX_NOTE} bytes.")
    return cosigned


def verify_cosignature(note: Note, partner_key: VerifierKey) -> Instant:
    """When the partner witnessed this head, by its own clock; BadSignature when it did not."""
    line = note.line_of(partner_key)
    if partner_key.kind is not KeyKind.COSIGNATURE or line is None:
        raise BadSignature(f"{partner_key.name} has not co-signed this head.")
    if len(line.signature) != _TIME_SIZE + SIGNATURE_SIZE:
        raise BadSignature(f"The cosignature of {partner_key.name} has the wrong length.")
    seconds = int.from_bytes(line.signature[:_TIME_SIZE], "big")
    if seconds > _LAST_SECOND:
        raise BadSignature(f"The cosignature of {partner_key.name} has a time that no clock shows.")
    verify_exactly(partner_key.public, _cosigned(note.checkpoint, seconds), line.signature[_TIME_SIZE:])
    return Instant(seconds * SECOND)


def refuse_fork(one: Checkpoint, other: Checkpoint) -> None:
    """Forked when two heads of one log, both opened, have the same size and different roots."""
    if (one.origin, one.size) == (other.origin, other.size) and one.root != other.root:
        raise Forked(f"{one.origin} has signed two different heads of size {one.size}; keep both notes.")


def _cosigned(checkpoint: Checkpoint, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{checkpoint.to_text()}".encode()


def _signature_line(line: str) -> SignatureLine:
    """Read one line; Malformed names what is wrong with it."""
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise Malformed(f"{line[:40]!r} is not a signature line.")
    data = from_base64(encoded)
    if len(data) <= _KEY_ID_SIZE:
        raise Malformed("A signature line holds a key id and a signature.")
    return SignatureLine(check_key_name(name), data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])
