# SPDX-License-Identifier: Apache-2.0
"""Keeps cases in the vault: every line and every file sealed for its place, and nothing changed or cut short unseen.

A case's lines are chained by SHA-256, d(n) = H(d(n-1) ‖ sealed line n), d(-1) = H(domain ‖ case). Its head, sealed with
it, says how many lines there are and the last digest, so a log that was cut does not end with it. The same digest goes
into the agent's own journal with each write, and no word of the case: the journal outlives it. `examine` holds all
cases against the journal, and so finds one that was put back to an earlier state, or taken away.

What is not sealed says of a case and of a file no more than the day. Everything happens in the caller's transaction.
Not here: what may be written (`record.py`).
"""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import PurePath

import msgspec

from tocsin.agent import journal
from tocsin.agent.cases.facts import Attached, Fact, Line
from tocsin.agent.cases.record import Case, demand, fold
from tocsin.clock import Instant, midnight
from tocsin.domain.mail_features import MailFeatures
from tocsin.errors import Malformed, Rewritten, TooLarge, Unknown, VaultLocked
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction

MAX_EVIDENCE = 64 * 2**20
"""Bytes of one file: sealing holds it in memory three times."""

WROTE, ERASED = "wrote in a case", "erased a case"
"""What the journal says of a case; the reason beside it is a digest, or the rule by which it was erased."""

_KEEP_ALL = "Keep the disk as it is, and compare with a backup: tocsin agent restore, in another folder."


class _Head(msgspec.Struct, frozen=True):
    lines: int
    digest: bytes


class _Box(msgspec.Struct, frozen=True):
    box: bytes


class _Id(msgspec.Struct, frozen=True):
    id: str


def digest_of(data: bytes) -> str:
    """SHA-256 of a file in hexadecimal: by it the vault knows a file again."""
    return sha256(data).hexdigest()


def attached(name: str, data: bytes, features: MailFeatures | None = None) -> Attached:
    """The fact that a file came into custody, under the last part of its name; TooLarge when it may not."""
    if len(data) > MAX_EVIDENCE:
        raise TooLarge(
            f"{name} is larger than {MAX_EVIDENCE // 2**20} MiB.",
            next_step="Keep it elsewhere, and note its SHA-256 in the case.",
        )
    last = PurePath(name).name.encode(errors="backslashreplace").decode()
    return Attached(last[:200] or "without a name", digest_of(data), len(data), features)


def write(tx: Transaction, box: Box, case_id: str, by: str, at: Instant, *facts: Fact) -> Case:
    """Add lines to a case, or begin one; the case as it is then. A file that it holds already adds no line.

    Unknown, Conflict, Malformed or TooLarge when a line may not come next; nothing is written then.
    """
    head = _head(tx, box, case_id)
    lines = list(_lines(tx, box, case_id, head)) if head else []
    sealed, digest = [], head.digest if head else _start(case_id)
    for fact in facts:
        found = fold(case_id, lines) if lines else None
        line = _checked(Line(at, by.strip(), fact))
        demand(found, line)
        if found and isinstance(fact, Attached) and fact.digest in _digests(found):
            continue
        sealed.append(box.seal(msgspec.json.encode(line), _place(case_id, len(lines))))
        digest = _next(digest, sealed[-1])
        lines.append(line)
    if not sealed:
        return read(tx, box, case_id)
    _keep_head(tx, box, case_id, lines, digest)
    start = len(lines) - len(sealed)
    tx.run_each(
        "write_case_line",
        [{"vault_case": case_id, "seq": seq, "box": one} for seq, one in enumerate(sealed, start)],
    )
    journal.write(tx, box, journal.Decision(at, by, WROTE, case_id, digest.hex()))
    return fold(case_id, lines)


def read(tx: Transaction, box: Box, case_id: str) -> Case:
    """One case; Unknown when there is none, Rewritten when its log is not what was written."""
    head = _head(tx, box, case_id)
    if head is None:
        raise Unknown(f"There is no case {case_id[:60]!r}.")
    return fold(case_id, _lines(tx, box, case_id, head))


def chained(tx: Transaction, box: Box, case_id: str) -> bytes:
    """The digest at the end of a case's chain, as the journal has it; Unknown when there is no such case."""
    head = _head(tx, box, case_id)
    if head is None:
        raise Unknown(f"There is no case {case_id[:60]!r}.")
    return head.digest


def identifiers(tx: Transaction) -> tuple[str, ...]:
    """Of every case, newest first."""
    return tuple(row.id for row in tx.all("cases", {}, into=_Id))


def resting_on(tx: Transaction, box: Box, digest: str, limit: int) -> list[Case]:
    """The newest cases that hold a file with this SHA-256."""
    found = []
    for row in tx.all("cases_of_evidence", {"digest": digest, "limit": limit}, into=_Id):
        with suppress(Rewritten):  # a case that was tampered with must not keep others from being reported
            found.append(read(tx, box, row.id))
    return found


def keep(tx: Transaction, box: Box, case_id: str, at: Instant, data: bytes) -> None:
    """Store the bytes of a file whose `Attached` was written."""
    digest = digest_of(data)
    sealed = box.seal(data, f"evidence/{case_id}/{digest}")
    tx.run("keep_evidence", {"vault_case": case_id, "digest": digest, "added": midnight(at), "box": sealed})


def take(tx: Transaction, box: Box, case_id: str, digest: str) -> bytes:
    """The bytes of a file as they were put in; Rewritten when they are not."""
    row = tx.one("evidence_box", {"vault_case": case_id, "digest": digest}, into=_Box)
    if row is not None:
        with suppress(VaultLocked):  # the key is the right one: it has opened the case
            data = box.open(row.box, f"evidence/{case_id}/{digest}")
            if digest_of(data) == digest:
                return data
    raise Rewritten(f"The file {digest} of {case_id} was changed or removed.", next_step=_KEEP_ALL)


def erase(tx: Transaction, box: Box, case_id: str, at: Instant, why: str) -> None:
    """Delete a case with all that it holds; the journal keeps that it was there. May it be: `retention.py`."""
    tx.run("drop_case_evidence", {"vault_case": case_id})
    tx.run("drop_case_lines", {"vault_case": case_id})
    tx.run("drop_case", {"id": case_id})
    journal.write(tx, box, journal.Decision(at, "agent", ERASED, case_id, why))


def examine(tx: Transaction, box: Box) -> int:
    """How many cases there are, when each with its files is what the journal says of it; Rewritten otherwise."""
    written: dict[str, str] = {}
    for one in journal.read(tx, box):
        if one.what == WROTE:
            written[one.about] = one.why
        elif one.what == ERASED:
            written.pop(one.about, None)
    held = identifiers(tx)
    for case_id in (*held, *sorted(written.keys() - set(held))):
        head = _head(tx, box, case_id)
        if head is None or head.digest.hex() != written.get(case_id):
            raise _changed(case_id)
        for digest in _digests(fold(case_id, _lines(tx, box, case_id, head))):
            take(tx, box, case_id, digest)
    return len(held)


def _head(tx: Transaction, box: Box, case_id: str) -> _Head | None:
    row = tx.one("case_box", {"id": case_id}, into=_Box)
    return msgspec.msgpack.decode(box.open(row.box, f"case/{case_id}"), type=_Head) if row else None


def _keep_head(tx: Transaction, box: Box, case_id: str, lines: Sequence[Line], digest: bytes) -> None:
    sealed = box.seal(msgspec.msgpack.encode(_Head(len(lines), digest)), f"case/{case_id}")
    tx.run("keep_case", {"id": case_id, "opened": midnight(lines[0].at), "box": sealed})


def _lines(tx: Transaction, box: Box, case_id: str, head: _Head) -> list[Line]:
    """The whole log, if it is chained as its head says."""
    rows = tx.all("case_lines", {"vault_case": case_id}, into=_Box)
    digest = _start(case_id)
    for row in rows:
        digest = _next(digest, row.box)
    if (len(rows), digest) != (head.lines, head.digest):
        raise _changed(case_id)
    return [_opened(box.open(row.box, _place(case_id, seq))) for seq, row in enumerate(rows)]


def _checked(line: Line) -> Line:
    """The line, if it is within its bounds."""
    try:
        return msgspec.json.decode(msgspec.json.encode(line), type=Line)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise Malformed(f"{error}.") from None


def _opened(data: bytes) -> Line:
    try:
        return msgspec.json.decode(data, type=Line)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None


def _digests(found: Case) -> set[str]:
    return {one.file.digest for one in found.evidence}


def _changed(case_id: str) -> Rewritten:
    return Rewritten(f"The log of {case_id} was changed, cut or taken away.", next_step=_KEEP_ALL)


def _place(case_id: str, seq: int) -> str:
    return f"case/{case_id}/{seq}"


def _start(case_id: str) -> bytes:
    return sha256(f"tocsin/case/v1/{case_id}".encode()).digest()


def _next(before: bytes, sealed: bytes) -> bytes:
    return sha256(before + sealed).digest()
