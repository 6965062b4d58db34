# SPDX-License-Identifier: Apache-2.0
"""What hub and partner say to each other when a head is witnessed; what it must prove is in `tocsin.halves.witness`."""

import msgspec

from tocsin.wire.messages import Message, Size


class ChangedHead(msgspec.Struct, frozen=True):
    """One stream's head moved: its blinded name, both sizes and the proof that the new extends the old."""

    key: bytes
    old_size: Size
    new_size: Size
    new_root: bytes
    path: tuple[bytes, ...]


class Witness(Message, frozen=True, kw_only=True, tag="witness"):
    """The hub asks its partner to co-sign a head of its log; what each field must prove: `tocsin.halves.witness`."""

    held: Size
    log: bytes
    log_path: tuple[bytes, ...]
    changes: tuple[ChangedHead, ...]
    note: str
    keys: tuple[bytes, ...] = ()
    """Every change of the hub's own key, as the `KeyEvent` in its directory, oldest first."""


class Cosigned(Message, frozen=True, kw_only=True, tag="cosigned"):
    """The same note with the partner's cosignature added."""

    note: str
