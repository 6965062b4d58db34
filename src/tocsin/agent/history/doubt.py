# SPDX-License-Identifier: Apache-2.0
"""What this agent holds against its hub: signed contradictions, every note that it was shown, and the decision to stop.

Once the hub is proved dishonest, protection stays as it is and nothing new is believed until a person decides. What
is only wrong, and not signed, is an alarm and no accusation: it may be a fault of the way.
"""

import msgspec

from tocsin.agent.journal import Decision, write
from tocsin.clock import DAY, MINUTE, Clock, Instant, to_text
from tocsin.errors import Distrusted, ProofError
from tocsin.follow.compare import Seen, refuse_two_histories, see
from tocsin.follow.verify import Trust
from tocsin.privacy.box import Box
from tocsin.storage.store import Store, Transaction
from tocsin.wire.messages import Head, encode

LATE_LIMIT = DAY
"""The declared partner may be missing this long before nothing new counts at all and people are alarmed."""


_ELSEWHERE = "elsewhere"
"""The mark of the logs that comparisons have shown: the longest that is settled, the newest, and when that was."""

SETTLED = MINUTE
"""After that time the hub has shown here too what a comparison has proved."""


class NoteRow(msgspec.Struct, frozen=True):
    """One size of the head log, as it was shown."""

    size: int
    root: bytes
    note: str


class _MarkRow(msgspec.Struct, frozen=True):
    value: str


def require_trust(tx: Transaction) -> None:
    """Distrusted while a proof against the hub stands and no person has decided."""
    doubt = tx.one("mark", {"name": "distrust"}, into=_MarkRow)
    if doubt is not None:
        raise Distrusted(f"New entries are held. {doubt.value}")


def remember_note(tx: Transaction, trust: Trust, text: str) -> None:
    """Keep a note; Forked when another note of the same size says another history."""
    seen = see(trust, text)
    earlier = tx.one("note_of_size", {"size": seen.checkpoint.size}, into=NoteRow)
    if earlier is not None and earlier.root != seen.checkpoint.root:
        refuse_two_histories(see(trust, earlier.note), seen)
    tx.run("save_note", {"size": seen.checkpoint.size, "root": seen.checkpoint.root, "note": text})
    tx.run("bound_notes", {})


def newest_note(tx: Transaction) -> str:
    """The longest note that was shown; empty before the first."""
    row = tx.one("newest_note", {}, into=NoteRow)
    return row.note if row else ""


def note_of_size(tx: Transaction, trust: Trust, size: int) -> Seen | None:
    """The note of that size, if it was shown."""
    row = tx.one("note_of_size", {"size": size}, into=NoteRow)
    return see(trust, row.note) if row else None


def is_old(tx: Transaction, trust: Trust, head: Head) -> bool:
    """Whether a head is of a shorter log than was shown already: it says nothing against what came after it."""
    newest = newest_note(tx)
    return bool(newest) and see(trust, head.note).checkpoint.size < see(trust, newest).checkpoint.size


def remember_elsewhere(tx: Transaction, size: int, now: Instant) -> None:
    """Somebody else was shown a log of that size, and it extends the one that was shown here."""
    settled = heads_elsewhere(tx, Instant(now - SETTLED))
    tx.run("save_mark", {"name": _ELSEWHERE, "value": f"{settled} {size} {now}"})


def heads_elsewhere(tx: Transaction, before: Instant) -> int:
    """The longest log that was remembered before then; 0 when there is none."""
    row = tx.one("mark", {"name": _ELSEWHERE}, into=_MarkRow)
    settled, newest, at = map(int, row.value.split()) if row else (0, 0, 0)
    return max(settled, newest) if at <= before else settled


def accuse(tx: Transaction, error: ProofError, shown: Head | str, now: Instant) -> None:
    """Keep the signed proof, and believe no more until a person decides."""
    evidence = shown.encode() if isinstance(shown, str) else encode(shown)
    sentence = f"{to_text(now)[:19]}: {error}"
    tx.run("keep_evidence_against_hub", {"at": now, "sentence": sentence, "shown": evidence})
    if tx.one("mark", {"name": "distrust"}, into=_MarkRow) is None:
        tx.run("save_mark", {"name": "distrust", "value": sentence})


def trust_again(store: Store, box: Box, clock: Clock, by: str, why: str) -> str:
    """A person decides to believe the hub again; what was held against it, or empty. The evidence stays."""

    def work(tx: Transaction) -> str:
        """Empty when nothing was held against the hub."""
        doubt = tx.one("mark", {"name": "distrust"}, into=_MarkRow)
        if doubt is None:
            return ""
        tx.run("drop_mark", {"name": "distrust"})
        write(tx, box, Decision(clock.now(), by, "trusts the hub again", doubt.value, why))
        return doubt.value

    return store.run("trust again", work)
