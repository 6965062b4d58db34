# SPDX-License-Identifier: Apache-2.0
"""Messages about parties and keys: how a party changes its own, and what the directory's entries say.

What each must prove before it is believed: `tocsin.follow.directory`.
"""

import msgspec

from tocsin.domain.party import Role, Standing
from tocsin.wire.messages import Message, Told


class KeyChange(Message, frozen=True, kw_only=True, tag="key-change"):
    """New keys of a party in place of its old ones. Who may say so: `tocsin.follow.directory`."""

    by: bytes
    """The party's present signing key (a rotation) or recovery key (a recovery); it ends here."""
    signing_key: bytes
    sealing_key: bytes
    recovery_key: bytes
    """The same as before in a rotation, a new one in a recovery."""


class SignedChange(msgspec.Struct, frozen=True):
    """A change of keys with the two signatures that make it believed."""

    change: bytes
    """Encoded `KeyChange`: the very bytes that are signed."""
    by_before: bytes
    """Ed25519 by the key that ends, over context ``key-change`` and the bytes."""
    by_after: bytes
    """The same by the new signing key: nobody claims a key that is not theirs."""


class Recover(Message, frozen=True, kw_only=True, tag="recover"):
    """A party that lost its keys puts new ones in place with its offline recovery key; answered with `Enrolled`."""

    change: SignedChange


class Rotate(Told, frozen=True, kw_only=True, tag="rotate"):
    """A party replaces its own keys while it still has them."""

    change: SignedChange


class Accept(Told, frozen=True, kw_only=True, tag="accept"):
    """A party accepts the agreement that the alliance has now."""

    agreement: str
    """SHA-256, in hex."""


# --- entries of the directory -----------------------------------------------------------------------------------


class KeyEvent(Message, frozen=True, kw_only=True, tag="key"):
    """A verifier key of the hub or the partner begins to count."""

    holder: str
    """``hub`` or ``partner``."""
    key: str
    """Verifier key."""
    before: str = ""
    """The verifier key that it replaces; empty for the first."""
    by_before: bytes = b""
    """Ed25519 by the replaced key over context ``hub-key`` or ``partner-key`` and both verifier keys, framed."""
    by_after: bytes = b""
    """The same by the new key, when it is the hub's."""


class PartyEvent(Message, frozen=True, kw_only=True, tag="party"):
    """A party joined or changed its standing."""

    party: str
    name: str
    role: Role
    jurisdiction: str
    standing: Standing
    signing_key: bytes
    sealing_key: bytes
    recovery_key: bytes
    agreement: str
    """SHA-256 of the members' agreement that it accepted; empty when there was none."""
    reason: str = ""
    """Why its standing changed: one of `STANDING_REASONS`."""
    change: SignedChange | None = None
    """Why its keys changed: without it no reader believes other keys than before."""


STANDING_REASONS = frozenset({"request", "incident", "agreement", "law", "settled"})
"""Everybody reads them, so they are words and no text."""


class AgreementEvent(Message, frozen=True, kw_only=True, tag="agreement"):
    """The members' agreement from here on, by its hash; its text reaches members outside of Tocsin."""

    digest: str
    """SHA-256, in hex."""
