# SPDX-License-Identifier: Apache-2.0
"""What each kind of proved entry means to this party: every view is brought up to date by it, or an alarm is raised.

Nothing is stored here but views; they are the same whatever the order in which streams came.
"""

import logging
from collections.abc import Callable

from tocsin.agent.history import warnings
from tocsin.agent.history.directory import apply_directory, party_at
from tocsin.agent.vault import Membership
from tocsin.domain.linter import lint_observable
from tocsin.domain.observable import Observable
from tocsin.domain.party import MAY_WARN, Standing
from tocsin.errors import BadSignature, Refused, TocsinError
from tocsin.follow.verify import VerifiedEntry
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import AcknowledgementEvent, AnswersEvent
from tocsin.wire.events import BandEvent, ErasureEvent, SightingEvent, WarningEvent
from tocsin.wire.messages import VERSION, decode, decode_warning, peek
from tocsin.wire.registrable import registrable
from tocsin.wire.stix21 import StixIndicator, indicator_of, marking_of, read

log = logging.getLogger("tocsin.agent")


class Views:
    """The views of one agent, over the transaction that keeps the entry."""

    def __init__(self, membership: Membership, life: int, alarm: Callable[[Transaction, str], None]) -> None:
        """`life` is how long a value counts after it was added, in microseconds."""
        self._membership = membership
        self._life = life
        self._alarm = alarm

    def act(self, tx: Transaction, entry: VerifiedEntry, *, obey: bool) -> None:
        """Bring the views up to date; what cannot be acted on is an alarm, and costs no neighbour."""
        if entry.body is None:
            return
        try:
            with tx.savepoint():
                if peek(entry.body).v <= VERSION:  # what a newer hub says is kept, and never acted on
                    self.apply(tx, entry, entry.body, obey=obey)
        except TocsinError as error:
            place_text = f"Entry {entry.stream}/{entry.seq}"
            self._alarm(tx, f"{place_text} was kept and is not acted on: {error}")

    def apply(self, tx: Transaction, entry: VerifiedEntry, body: bytes, *, obey: bool) -> None:
        """What each kind of entry does; raises for one that cannot be acted on."""
        match entry.header.entry:
            case "object":
                self._apply_object(tx, entry, body)
            case "sighting":
                sighting = decode(body, SightingEvent)
                self._post(tx, entry, sighting.observable, "sighting", entry.header.added + self._life)
            case "band":
                band = decode(body, BandEvent)
                place: Params = {"stream": entry.stream, "seq": entry.seq}
                value = str(_sound(band.observable))
                tx.run("save_band", {**place, "value": value, "named": band.named})
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
            case "party" | "key" | "agreement":
                if sentence := apply_directory(tx, self._membership, entry, body):
                    self._alarm(tx, sentence)
            case "restart" | "membership":
                pass  # the one is acted on when it is proved; of the other the hub keeps the rosters
            case unknown:
                log.info("%s/%d is a %r: not known to this version", entry.stream, entry.seq, unknown[:20])

    def _apply_object(self, tx: Transaction, entry: VerifiedEntry, body: bytes) -> None:
        found = read(body, self._membership.alliance_identity)
        if isinstance(found, StixIndicator):
            kind = "named" if entry.header.named else "anonymous"
            observable = indicator_of(found).observable
            blocks = marking_of(found).blocks()
            self._post(tx, entry, observable, kind, entry.header.added + self._life, may_block=blocks)

    def _apply_warning(self, tx: Transaction, entry: VerifiedEntry, event: WarningEvent) -> None:
        """A warning counts only under its author's own signature: the hub could not have invented it."""
        author = party_at(tx, event.author, entry.header.directory)
        if author is None or author.role not in MAY_WARN or author.standing != Standing.ACTIVE:
            raise BadSignature("When it was added, the warning's author was no active agency or desk.")
        context = Context("warning", self._membership.realm, self._membership.hub)
        verify(author.signing_key, context, event.warning, event.signature)
        if decode_warning(event.warning).author != event.author:
            raise BadSignature("The warning was signed by another party than it names.")
        if sentence := warnings.apply(tx, entry, event.warning):
            self._alarm(tx, f"Warning {entry.header.fact} of {author.name} {sentence}.")

    def erase(self, tx: Transaction, stream: str, erasure: ErasureEvent) -> None:
        """Delete what was erased, and take back what it did."""
        for seq in erasure.seqs:
            place: Params = {"stream": stream, "seq": seq}
            warnings.erase(tx, place)
            for query in ("erase_body", "erase_postings", "erase_band", "erase_answers"):
                tx.run(query, place)
        tx.run("forget_own_answer", {"message": erasure.fact})

    def _post(
        self,
        tx: Transaction,
        entry: VerifiedEntry,
        observable: Observable,
        kind: str,
        expires: int,
        *,
        may_block: bool = True,
    ) -> None:
        tx.run(
            "post",
            {
                "value": str(_sound(observable)),
                "stream": entry.stream,
                "seq": entry.seq,
                "fact": entry.header.fact,
                "kind": kind,
                "may_block": int(may_block),
                "since": entry.header.added,
                "expires": expires,
            },
        )


def _sound(observable: Observable) -> Observable:
    """A value that may be acted on; Refused otherwise. The hub's linter is not this bank's: it asks its own."""
    for finding in lint_observable(observable, registrable, "its value"):
        raise Refused(f"{finding.where}: {finding.sentence}")
    return observable
