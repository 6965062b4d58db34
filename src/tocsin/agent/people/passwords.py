# SPDX-License-Identifier: Apache-2.0
"""Passwords, which never let anybody in alone: Argon2id (RFC 9106 §4, the second recommended choice) of `cryptography`.

One evaluation takes 64 MiB and up to a third of a second of one core. Whoever asks for many is bounded elsewhere
(`tocsin.agent.people.backoff`); the answer for an account that has no password, or is not there, costs the same, by
`DECOY`. What is long, made of enough different letters and not one's own name is taken (NIST SP 800-63B §5.1.1.2:
no rules of composition, no expiry).
"""

import unicodedata

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tocsin.agent.people.person import likeness
from tocsin.errors import Malformed
from tocsin.ids import Entropy

SHORTEST, LONGEST = 12, 256
FEWEST_DIFFERENT = 5
_PASSES, _LANES, _KIB = 3, 4, 64 * 1024
_SALT_BYTES, _HASH_BYTES = 16, 32
DECOY = f"$argon2id$v=19$m={_KIB},t={_PASSES},p={_LANES}${'A' * 22}${'A' * 43}"
"""A hash of no known password, of the same cost as every other."""


def check_password(password: str, name: str) -> None:
    """Malformed unless it is long, various, and not made of the person's name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Malformed(
            f"A password has {SHORTEST} to {LONGEST} letters; several words are easy to keep in mind."
        )
    if len(set(password)) < FEWEST_DIFFERENT:
        raise Malformed(f"A password has at least {FEWEST_DIFFERENT} different letters.")
    if len(likeness(password).replace(likeness(name), "")) < SHORTEST // 2:
        raise Malformed("A password is not made of one's own name.")


def hashed(password: str, entropy: Entropy) -> str:
    """What is kept of it, with its salt and cost (PHC string)."""
    return Argon2id(
        salt=entropy(_SALT_BYTES), length=_HASH_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_KIB
    ).derive_phc_encoded(_bytes(password))


def is_right(password: str, kept: str) -> bool:
    """Whether it is the password that `kept` was made of; always one evaluation."""
    try:
        Argon2id.verify_phc_encoded(_bytes(password), kept or DECOY)
    except InvalidKey:
        return False
    return True


def _bytes(password: str) -> bytes:
    """As every keyboard gives it (NFC); cut where no password is longer."""
    return unicodedata.normalize("NFC", password[: LONGEST + 1]).encode(errors="surrogatepass")
