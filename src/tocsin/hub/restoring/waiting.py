# SPDX-License-Identifier: Apache-2.0
"""What a hub that restores itself waits for, kept in its store, so that its operator sees it from another process."""

import msgspec

from tocsin.clock import Instant, to_text
from tocsin.storage.store import Transaction

_NAME = "restoring-waits"
_NAMED = 10
"""Parties that the sentence names; it counts the others."""


class Waits(msgspec.Struct, frozen=True):
    """What stands between a restored hub and its opening."""

    parties: tuple[str, ...] = ()
    """Legal names of the active parties whose agents have not been here yet."""
    opens: Instant = Instant(0)
    """When it opens by itself, whoever has not come; 0 while no time brings that."""
    hindrance: str = ""
    """What else must be mended first, in words; empty when there is nothing."""

    def sentence(self) -> str:
        """The same for a person, times in UTC."""
        by_itself = f", opens by itself at {to_text(self.opens)[11:16]} UTC" if self.opens else ""
        if self.hindrance:
            return f"restoring: {self.hindrance}"
        if not self.parties:
            return f"restoring: it waits for tocsin hub serve{by_itself}"
        more = len(self.parties) - _NAMED
        names = ", ".join(self.parties[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"restoring: waiting for {names}{by_itself}"


class _Fact(msgspec.Struct, frozen=True):
    value: bytes


def note_waits(tx: Transaction, waits: Waits) -> None:
    """Keep it for whoever looks."""
    tx.run("set_meta", {"key": _NAME, "value": msgspec.msgpack.encode(waits)})


def waits_of(tx: Transaction) -> Waits:
    """What was noted last."""
    row = tx.one("get_meta", {"key": _NAME}, into=_Fact)
    return msgspec.msgpack.decode(row.value, type=Waits) if row else Waits()
