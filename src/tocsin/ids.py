# SPDX-License-Identifier: Apache-2.0
"""Random typed identifiers that carry no time and no owner; one value, two spellings.

Every identifier is a random (version 4) UUID, never version 1, 6 or 7, which carry time.
Inside Tocsin it is spelled ``rpt_<32 hex digits>``, in STIX ``report--<uuid>``.

>>> new_id("rpt", lambda n: bytes(n))
'rpt_00000000000040008000000000000000'
>>> to_stix("rpt_00000000000040008000000000000000", "report")
'report--00000000-0000-4000-8000-000000000000'
"""

import re
import uuid
from collections.abc import Callable, Iterable

from tocsin.errors import Malformed, Unknown

Entropy = Callable[[int], bytes]
"""Gives that many random bytes. Composition roots pass `os.urandom`; tests pass a seeded one."""

PREFIXES = {
    "bat": "batch of entries that one request made",
    "cas": "case in one party's vault",
    "chn": "chain of versions of one object",
    "col": "file that was collected, at its own party",
    "con": "contact: whom to call, at their party",
    "cor": "correction: a person's word on whose a value is",
    "drf": "draft: a disclosure that waits for people",
    "edg": "edge of a hub",
    "fct": "fact: what several entries are about",
    "hnt": "hunt through logs, at its own party",
    "inv": "invitation to join",
    "msg": "message an agent sends, its idempotency key",
    "per": "person who may use the console, at their own party",
    "prt": "party",
    "rpt": "report",
    "wrn": "warning",
}

DIGITS = 32
"""Digits of a whole identifier."""
SHORTEST = 8
"""Digits of an identifier that a person has to give."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
"""Of version 4 and the variant of RFC 9562."""
_RANDOM = re.compile(_UUID)
_STIX_ID = re.compile(rf"[a-z](?:[a-z0-9]|-(?!-)){{2,249}}--({_UUID})")
"""A type (STIX 2.1 §3.1) and the rest."""


def new_id(prefix: str, entropy: Entropy) -> str:
    """A fresh identifier with one of `PREFIXES`."""
    assert prefix in PREFIXES, prefix
    drawn = bytearray(entropy(16))
    # Version 4, and the variant (RFC 9562 §5.4).
    drawn[6], drawn[8] = drawn[6] & 0x0F | 0x40, drawn[8] & 0x3F | 0x80
    return f"{prefix}_{drawn.hex()}"


def check_id(text: str, prefix: str) -> str:
    """Return `text` if it is an identifier with that prefix; raise Malformed otherwise."""
    head, _, digits = text.partition("_")
    if head != prefix or len(digits) != 32 or not set(digits) <= set("0123456789abcdef"):
        raise Malformed(f"{text[:60]!r} is not an identifier of the form {prefix}_<32 hex digits>.")
    return text


def complete(begun: str, known: Iterable[str]) -> str:
    """The one known identifier that begins so, as a screen shortens it.

    Malformed for too few digits; Unknown for none or several.
    """
    letters = begun.strip().rstrip("….")
    if len(letters.partition("_")[2]) < SHORTEST:
        raise Malformed(
            f"{begun[:60]!r} is too short: give at least {SHORTEST} of its digits.",
            next_step="Copy it from where it is shown.",
        )
    found = [one for one in known if one.startswith(letters)]
    if len(found) != 1:
        count = "Nothing here begins" if not found else f"{len(found)} identifiers begin"
        raise Unknown(f"{count} with {letters[:60]!r}.")
    return found[0]


def to_stix(identifier: str, stix_type: str) -> str:
    """The same value in STIX spelling, ``type--uuid``."""
    return f"{stix_type}--{uuid.UUID(hex=identifier.partition('_')[2])}"


def check_stix_id(stix_id: str, stix_type: str) -> None:
    """Malformed unless it is a canonical STIX identifier of that type with a random UUID."""
    type_and_dashes = f"{stix_type}--"
    if not (stix_id.startswith(type_and_dashes) and _RANDOM.fullmatch(stix_id, len(type_and_dashes))):
        raise Malformed(f"{stix_id[:80]!r} is not the identifier of a STIX {stix_type}.")


def from_stix(stix_id: str, prefix: str) -> str:
    """The same value in Tocsin's spelling; Malformed when it is not a canonical STIX identifier with a random UUID."""
    found = _STIX_ID.fullmatch(stix_id)
    if found is None:
        raise Malformed(
            f"{stix_id[:80]!r} is not a STIX identifier made of a random (version 4) UUID in lower case."
        )
    return f"{prefix}_{found[1].replace('-', '')}"
