# SPDX-License-Identifier: Apache-2.0
"""What each kind of proved entry means to this party: every view is brought up to date by it, or an alarm is raised.

Nothing is stored here but views; they are the same whatever the order in which streams came. Most entries mean one row
and rest on nothing else that is stored (`PLAIN`): many of them are read first and then written together.
"""

import logging
from collections.abc import Callable, Iterable

from tocsin.agent.history import warnings
from tocsin.agent.history.changes import Changes, lift
from tocsin.agent.history.directory import apply_directory, party_at
from tocsin.agent.vault import Membership
from tocsin.config.shields import Decay
from tocsin.domain.decay import ends_after
from tocsin.domain.linter import Finding, lint_normal, lint_observable
from tocsin.domain.observable import Observable
from tocsin.domain.party import MAY_WARN, Standing
from tocsin.errors import BadSignature, Malformed, Refused, TocsinError
from tocsin.follow.verify import VerifiedEntry
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import AcknowledgementEvent, AnswersEvent
from tocsin.wire.ceremony import LostEvent
from tocsin.wire.events import BandEvent, ErasureEvent, SightingEvent, WarningEvent
from tocsin.wire.messages import VERSION, decode, decode_warning, peek
from tocsin.wire.registrable import registrable
from tocsin.wire.stix21 import StixIndicator, indicator_of, marking_of, read

log = logging.getLogger("tocsin.agent")


PLAIN = frozenset({"object", "sighting", "band"})
"""Kinds of entries of which each means at most one row, whatever stands already."""

_VALUE = "its value"
"""What a finding is about."""
_Row = tuple[str, Params]
"""A query that keeps a row, and the row."""


class Views:
    """The views of one agent, over the transaction that keeps the entry."""

    def __init__(
        self,
        membership: Membership,
        decay: Decay,
        alarm: Callable[[Transaction, str], None],
        changes: Changes,
    ) -> None:
        """`decay` says how long a value counts after it was added; `changes` hears of values that entries touch."""
        self._membership = membership
        self._decay = decay
        self._alarm = alarm
        self._changes = changes

    def act(self, tx: Transaction, entry: VerifiedEntry, *, obey: bool) -> None:
        """Bring the views up to date; what cannot be acted on is an alarm, and costs no neighbour."""
        if entry.body is None:
            return
        try:
            with tx.savepoint():
                if _is_known(entry.body):
                    self.apply(tx, entry, entry.body, obey=obey)
        except TocsinError as error:
            self._refuse(tx, entry, error)

    def act_plainly(self, tx: Transaction, entries: Iterable[VerifiedEntry]) -> None:
        """The same for entries of `PLAIN` kinds, many at once."""
        rows: dict[str, list[Params]] = {}
        for entry in entries:
            try:
                if entry.body is not None and (row := self._row(entry, entry.body)):
                    rows.setdefault(row[0], []).append(row[1])
            except TocsinError as error:
                if entry.body is not None and _is_known(entry.body):
                    self._refuse(tx, entry, error)
        for query, many in rows.items():
            tx.run_each(query, many)

    def _refuse(self, tx: Transaction, entry: VerifiedEntry, error: TocsinError) -> None:
        self._alarm(tx, f"Entry {entry.stream}/{entry.seq} was kept and is not acted on: {error}")

    def apply(self, tx: Transaction, entry: VerifiedEntry, body: bytes, *, obey: bool) -> None:
        """What each kind of entry does; raises for one that cannot be acted on."""
        match entry.header.entry:
            case kind if kind in PLAIN:
                if row := self._row(entry, body):
                    tx.run(*row)
            case "warning":
                self._apply_warning(tx, entry, decode(body, WarningEvent))
            case "answers":
                warnings.apply_answers(tx, entry, decode(body, AnswersEvent), self._membership.party)
            case "acknowledgement":
                warnings.recall(tx, entry, decode(body, AcknowledgementEvent))
            case "erasure" if obey:
                self.erase(tx, entry.stream, decode(body, ErasureEvent))
            case "erasure":
                pass  # waits for the witness: a hub that shows it to nobody else could lower one reader's shields by it
            case "party" | "key" | "agreement" | "abandoned" | "lost" | "epoch" | "epoch-closed" | "opening":
                if sentence := self._told(tx, entry, body):
                    self._alarm(tx, sentence)
            case "restart" | "membership" | "opening-approved":
                pass  # acted on when it is proved; of the others the hub keeps the rosters, and trustees have signed
            case unknown:
                log.info("%s/%d is a %r: not known to this version", entry.stream, entry.seq, unknown[:20])

    def _row(self, entry: VerifiedEntry, body: bytes) -> _Row | None:
        """The row that an entry of a `PLAIN` kind means; None for one that names no value.

        Malformed for what this version does not know: nothing of a later one is read as if it were of this.
        """
        match entry.header.entry:
            case "sighting":
                seen = decode(body, SightingEvent).observable
                _demand_sound(lint_observable(seen, registrable, _VALUE))
                return self._posting(entry, seen, "sighting")
            case "band":
                band = decode(body, BandEvent)
                _demand_sound(lint_observable(band.observable, registrable, _VALUE))
                value = str(band.observable)
                self._changes.note(value)
                return "save_band", {
                    "stream": entry.stream,
                    "seq": entry.seq,
                    "value": value,
                    "named": band.named,
                }
            case _:
                found = read(body, self._membership.alliance_identity)
                if not isinstance(found, StixIndicator):
                    return None
                named = indicator_of(found).observable  # in normal form, or it was no pattern of ours
                _demand_sound(lint_normal(named, registrable, _VALUE))
                kind = "named" if entry.header.named else "anonymous"
                return self._posting(entry, named, kind, may_block=marking_of(found).blocks())

    def _told(self, tx: Transaction, entry: VerifiedEntry, body: bytes) -> str:
        """What people must hear of an entry about the history itself; empty: nothing."""
        if entry.header.entry == "lost":
            return _what_is_lost(entry.stream, decode(body, LostEvent))
        return apply_directory(tx, self._membership, entry, body)

    def _apply_warning(self, tx: Transaction, entry: VerifiedEntry, event: WarningEvent) -> None:
        """A warning counts only under its author's own signature: the hub could not have invented it."""
        author = party_at(tx, event.author, entry.header.directory)
        if author is None or author.role not in MAY_WARN or author.standing != Standing.ACTIVE:
            raise BadSignature("When it was added, the warning's author was no active agency or desk.")
        context = Context("warning", self._membership.realm, self._membership.hub)
        verify(author.signing_key, context, event.warning, event.signature)
        if decode_warning(event.warning).author != event.author:
            raise BadSignature("The warning was signed by another party than it names.")
        if sentence := warnings.apply(tx, entry, event.warning, self._changes):
            self._alarm(tx, f"Warning {entry.header.fact} of {author.name} {sentence}.")

    def erase(self, tx: Transaction, stream: str, erasure: ErasureEvent) -> None:
        """Delete what was erased, and take back what it did."""
        for seq in erasure.seqs:
            place: Params = {"stream": stream, "seq": seq}
            warnings.erase(tx, place, self._changes)
            lift(tx, place, self._changes)
            for query in ("erase_body", "erase_answers"):
                tx.run(query, place)
        tx.run("forget_own_answer", {"message": erasure.fact})

    def _posting(
        self, entry: VerifiedEntry, observable: Observable, kind: str, *, may_block: bool = True
    ) -> _Row:
        """That an entry names a value, which counts as long as such values do."""
        value = str(observable)
        self._changes.note(value)
        return "post", {
            "value": value,
            "stream": entry.stream,
            "seq": entry.seq,
            "fact": entry.header.fact,
            "kind": kind,
            "may_block": int(may_block),
            "since": entry.header.added,
            "expires": entry.header.added + ends_after(self._decay, observable.kind),
        }


def _is_known(body: bytes) -> bool:
    """Whether this version acts on it: what a newer hub says is kept, and never acted on. What says no version is of
    this one, and wrong.
    """
    try:
        return peek(body).v <= VERSION
    except Malformed:
        return True


def _demand_sound(findings: Iterable[Finding]) -> None:
    """Refused when a value may not be acted on. The hub's linter is not this bank's: it asks its own."""
    for finding in findings:
        raise Refused(f"{finding.where}: {finding.sentence}")


def _what_is_lost(stream: str, event: LostEvent) -> str:
    """The sentence that people need."""
    return (
        f"The hub has lost {event.lost} entries of {stream} that came after the first {event.kept}, and nobody holds "
        f"them any more ({event.reason[:20]}). The stream goes on without them: what counted because of them may be "
        "missing here, and whoever sent them is asked to send them again."
    )
