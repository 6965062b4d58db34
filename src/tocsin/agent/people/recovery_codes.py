# SPDX-License-Identifier: Apache-2.0
"""Ten codes on paper, for the day on which the telephone is gone: each lets in once, in place of a one-time code.

A code is 80 random bits, shown once; its SHA-256 is kept, inside the sealed account. A fast hash is enough: nobody
guesses such a number.
"""

import hmac
from base64 import b32encode
from hashlib import sha256

from tocsin.ids import Entropy

COUNT = 10
_BYTES = 10
LETTERS = 16


def new_codes(entropy: Entropy) -> tuple[str, ...]:
    """Ten codes as they are printed: ``ABCD-EFGH-IJKL-MNOP``."""
    return tuple(_printed(b32encode(entropy(_BYTES)).decode()) for _ in range(COUNT))


def digest(code: str) -> bytes:
    """What is kept of one, however its letters are typed."""
    return sha256("".join(filter(str.isalnum, code.upper()[:64])).encode()).digest()


def without(kept: tuple[bytes, ...], code: str) -> tuple[bytes, ...] | None:
    """What is left when this code is used; None when it is none of them. Always the same work."""
    given = digest(code)
    equal = [hmac.compare_digest(one, given) for one in kept]
    return tuple(one for one, same in zip(kept, equal, strict=True) if not same) if any(equal) else None


def _printed(letters: str) -> str:
    return "-".join(letters[at : at + 4] for at in range(0, LETTERS, 4))
