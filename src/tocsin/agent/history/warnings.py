# SPDX-License-Identifier: Apache-2.0
"""The view over all proved versions of all warnings: which one stands, and the values that it names.

Only what stands has postings, so what was replaced, withdrawn or erased is out of levels and protection files in the
transaction that learns of it. The choice depends on the set of versions alone (`tocsin.domain.warning_life`), never
on the order in which they came: the view is the same after a rebuild. An erasure takes the whole warning, whatever
version it names, or a hub could erase the last version and so bring the one before back. The hub's `chain` tells
which warning an entry without a body was: one warning under two chains is an alarm.

Whether the author signed is checked before, in `tocsin.agent.history.replica`.
"""

import hashlib

import msgspec

from tocsin.agent.history.changes import Changes, lift
from tocsin.clock import MINUTE
from tocsin.domain.warning import Warning, check_warning
from tocsin.domain.warning_life import Stated, contradicts, standing
from tocsin.errors import Malformed
from tocsin.follow.verify import VerifiedEntry
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import AcknowledgementEvent, AnswersEvent
from tocsin.wire.messages import Header, decode, decode_warning

EARLY = 5 * MINUTE
"""An author's clock may be ahead of the hub's by so much; later, a warning would outlive its bound."""


class _Version(msgspec.Struct, frozen=True):
    stream: str
    seq: int
    chain: str
    version: int
    digest: bytes
    withdrawn: int
    expires: int
    added: int
    counts: int

    def stated(self) -> Stated:
        """What the choice rests on."""
        return Stated(self.version, self.digest, bool(self.withdrawn))

    def place(self) -> dict[str, str | int]:
        """Its entry."""
        return {"stream": self.stream, "seq": self.seq}


class _Chain(msgspec.Struct, frozen=True):
    chain: str


class _Header(msgspec.Struct, frozen=True):
    header: bytes


class _Beside(msgspec.Struct, frozen=True):
    stream: str
    seq: int
    chain: str


class _Signed(msgspec.Struct, frozen=True):
    body: bytes


def apply(tx: Transaction, entry: VerifiedEntry, signed: bytes, changes: Changes) -> str:
    """Take a version into account; what people must hear of, or empty. Malformed when it cannot be one."""
    warning = check_warning(decode_warning(signed))
    chain = entry.header.chain
    if entry.header.fact != warning.id or not chain:
        raise Malformed("The entry is about another warning than the one that was signed.")
    if warning.issued > entry.header.added + EARLY:
        raise Malformed("The warning was issued later than the hub added it.")
    if tx.one("erased_chain", {"chain": chain}, into=_Chain):
        return ""
    before = _versions(tx, warning)
    held = [row.stated() for row in before]
    digest = hashlib.sha256(signed).digest()
    new = Stated(warning.version, digest, bool(warning.withdrawn))
    tx.run(
        "save_warning",
        {
            "stream": entry.stream,
            "seq": entry.seq,
            "id": warning.id,
            "author": warning.author,
            "chain": chain,
            "version": warning.version,
            "digest": digest,
            "withdrawn": int(new.withdrawn),
            "expires": warning.expires,
            "added": entry.header.added,
            "body": signed,
        },
    )
    _settle(tx, warning, changes)
    if any(row.chain != chain for row in before):
        return "stands under two chains, which only the hub can have done"
    return contradicts(new, held) if new not in held else ""


def erase(tx: Transaction, place: Params, changes: Changes) -> None:
    """An entry was erased: if it was a version of a warning, none of that warning's counts from now on."""
    found = tx.one("header_of_entry", {**place, "kind": "warning"}, into=_Header)
    if found is None:
        return
    chain = decode(found.header, Header).chain
    tx.run("erase_chain", {"chain": chain})
    for one in tx.all("versions_beside", {"chain": chain}, into=_Beside):
        tx.run("erase_chain", {"chain": one.chain})
        lift(tx, {"stream": one.stream, "seq": one.seq}, changes)
        tx.run("erase_version", {"stream": one.stream, "seq": one.seq})


def apply_answers(tx: Transaction, entry: VerifiedEntry, event: AnswersEvent, party: str) -> None:
    """The hub's bands for a warning; Malformed when they are told to readers of another audience."""
    if entry.stream not in (event.audience, f"party:{party}"):
        raise Malformed(f"Bands of {event.audience[:80]} have no place in {entry.stream[:80]}.")
    tx.run(
        "save_answers",
        {
            "stream": entry.stream,
            "seq": entry.seq,
            "chain": event.chain,
            "version": event.version,
            "audience": event.audience,
            "role": event.role,
            "received": event.received,
            "acted": event.acted,
            "not_affected": event.not_affected,
        },
    )


def recall(tx: Transaction, entry: VerifiedEntry, event: AcknowledgementEvent) -> None:
    """An answer of this party's own came back: known again after a restore."""
    tx.run(
        "recall_own_answer",
        {
            "chain": event.chain,
            "version": event.version,
            "answer": event.answer,
            "message": entry.header.fact,
        },
    )


def _versions(tx: Transaction, warning: Warning) -> list[_Version]:
    return tx.all("versions_of_warning", {"id": warning.id, "author": warning.author}, into=_Version)


def _settle(tx: Transaction, warning: Warning, changes: Changes) -> None:
    """Let exactly the version that stands count, and have postings."""
    rows = _versions(tx, warning)
    chosen = standing(row.stated() for row in rows)
    now = next((row for row in rows if row.stated() == chosen), None)
    before = next((row for row in rows if row.counts), None)
    if before == now:
        return
    if before is not None:
        tx.run("count_warning", {**before.place(), "counts": 0})
        lift(tx, before.place(), changes)
    if now is not None:
        tx.run("count_warning", {**now.place(), "counts": 1})
        for value in _post(tx, warning.id, now):
            changes.note(value)


def _post(tx: Transaction, warning_id: str, row: _Version) -> list[str]:
    """Let the values that a version names count, and name them; a withdrawal names none."""
    signed = tx.one("signed_warning", row.place(), into=_Signed)
    assert signed is not None, "its row was just read"
    values = [str(observable) for observable in decode_warning(signed.body).look_for]
    tx.run_each(
        "post",
        [
            {
                **row.place(),
                "value": value,
                "fact": warning_id,
                "kind": "warning",
                "may_block": 1,
                "since": row.added,
                "expires": row.expires,
            }
            for value in values
        ],
    )
    return values
