# SPDX-License-Identifier: Apache-2.0
"""One-time codes of a telephone (TOTP, RFC 6238, with its SHA-1, 30 seconds and six digits, which every app knows).

A code counts once: the step it stood for is kept, and no earlier one is taken after it (RFC 6238 §5.2). One step to
either side is allowed, for clocks that differ.
"""

import hmac
from base64 import b32encode
from urllib.parse import quote

from tocsin.clock import SECOND, Instant

SEED_BYTES = 20
"""As long as the hash (RFC 4226 §4, R6)."""
STEP_SECONDS = 30
DIGITS = 6
_SKEW = 1


def code_at(seed: bytes, step: int) -> str:
    """The code of one step since 1970 (RFC 4226 §5.3)."""
    digest = hmac.digest(seed, step.to_bytes(8), "sha1")
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(now: Instant) -> int:
    """The step that a moment lies in."""
    return now // (STEP_SECONDS * SECOND)


def matching(seed: bytes, code: str, now: Instant, after: int) -> int | None:
    """The step later than `after` that the code stands for; None when it stands for none. Always the same work."""
    given, here, found = code.encode(errors="replace"), step_of(now), None
    for step in range(here - _SKEW, here + _SKEW + 1):
        if hmac.compare_digest(code_at(seed, step).encode(), given) and step > after:
            found = step
    return found


def spelled(seed: bytes) -> str:
    """The seed as a person types it, in groups of four."""
    text = b32encode(seed).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(seed: bytes, issuer: str, name: str) -> str:
    """What a telephone reads from a picture: the ``otpauth`` address of the key-URI format."""
    label = quote(f"{issuer}:{name}", safe="")
    return f"otpauth://totp/{label}?secret={b32encode(seed).decode()}&issuer={quote(issuer, safe='')}"
