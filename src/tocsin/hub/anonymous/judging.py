# SPDX-License-Identifier: Apache-2.0
"""What is in blobs, judged without a store and before any transaction.

(1) It was sealed to the intake's key of this epoch, and there is something in it.
(2) Its token stands for its one-time key and its escrow, and that key has signed token and report for this epoch.
(3) The token was issued under this epoch's key, for this hub, realm and class. That an escrow names its sender nobody
    can see here: half of those that were asked for were looked at when the tokens were issued.
(4) The report is of the class that it came by, goes to all or to the members, and has nothing in it that only one
    member could have: no time, no purpose, no embargo, no text.
(5) Its objects are checked as a named report's are.

What fails at (1) has nobody to be told. All else gets a result, sealed for whoever wrote the blob; outside of it
nothing differs. Each step is taken for all blobs before the next one: one kind of cryptography's code and tables at a
time stay in the processor's caches, and a report costs a third less (`tocsin bench anonymous`).
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from tocsin.domain.audience import EVERYONE, MEMBERS, Audience
from tocsin.errors import InputError, Malformed, Refused, TocsinError
from tocsin.hub.anonymous.epochs import Live
from tocsin.hub.exchange import Exchange
from tocsin.hub.verbs.report import Candidate, Checked, check_objects
from tocsin.privacy.tokens import check_token
from tocsin.proof.signing import Context
from tocsin.wire.envelope import Enclosed, check_enclosed, unpack
from tocsin.wire.messages import Report, decode, encode
from tocsin.wire.opening import KeptEscrow
from tocsin.wire.slot import Fate
from tocsin.wire.stix21 import StixGrouping

MIXED, NOW = "mixed", "now"


class Judged(msgspec.Struct, frozen=True):
    """A blob with something in it."""

    reply_key: bytes
    token: bytes
    """SHA-256 of the token: what is kept of it when it is spent."""
    digest: bytes
    """SHA-256 of token and report: the same again is known. Without the token nobody can try guesses against it."""
    report: str
    """Its identifier; empty when it was refused."""
    audiences: tuple[str, ...]
    clean: tuple[Candidate, ...]
    fate: Fate
    """What becomes of it if its token is not spent."""
    kept: bytes = b""
    """Encoded `KeptEscrow` of an accountable report; empty of class ``open``."""

    def __repr__(self) -> str:
        return "Judged(…)"  # no log shall hold it


class _Case:
    """One report on its way through the steps."""

    def __init__(self, found: Enclosed) -> None:
        self.found = found
        self.report: Report | None = None
        self.checked: Checked | None = None
        self.refusal = ""

    def judged(self, live: Live) -> Judged:
        """What the steps came to."""
        found, token = self.found, self.found.token.to_bytes()
        spent, digest = sha256(token).digest(), sha256(token + found.body).digest()
        if self.refusal or self.report is None or self.checked is None:
            return Judged(found.reply_key, spent, digest, "", (), (), Fate("refused", reason=self.refusal))
        audiences = tuple(dict.fromkeys(self.report.audiences)) or (str(MEMBERS),)
        clean, refused = self.checked.clean, self.checked.refused
        fate = Fate("accepted", len(clean), refused[0].reason if refused else "")
        kept = encode(_kept(live, found)) if found.escrow else b""
        return Judged(found.reply_key, spent, digest, self.report.id, audiences, clean, fate, kept)


def judge(hub: Exchange, live: Live, blobs: Sequence[bytes], report_class: str) -> list[Judged]:
    """What to do with what is in blobs, in their order; nothing for cover, and for what opens to nothing."""
    context = Context("anonymous-report", hub.identity.realm, hub.identity.id)
    opened = [_opened(live, blob) for blob in blobs]  # (1)
    cases = [_Case(found) for found in opened if found is not None]

    def signed(case: _Case) -> None:
        """(2)"""
        check_enclosed(case.found, signs=context, document=live.data)

    def paid(case: _Case) -> None:
        """(3)"""
        check_token(case.found.token, live.keys.token_key, live.challenge)

    def plain(case: _Case) -> None:
        """(4)"""
        case.report = decode(case.found.body, Report)
        _demand_plain(case.report, report_class)

    def clean(case: _Case) -> None:
        """(5)"""
        assert case.report is not None, "it was read at (4)"
        case.checked = check_objects(hub, case.report)
        if any(isinstance(one.found, StixGrouping) and one.found.description for one in case.checked.clean):
            raise Refused("An anonymous report has no text: how somebody writes tells who it is.")

    for step in (signed, paid, plain, clean):
        for case in cases:
            _take(step, case)
    return [case.judged(live) for case in cases]


def _take(step: Callable[[_Case], None], case: _Case) -> None:
    if not case.refusal:
        try:
            step(case)
        except TocsinError as refusal:
            case.refusal = str(refusal)


def _opened(live: Live, blob: bytes) -> Enclosed | None:
    try:
        return unpack(live.keys.intake.open(blob, live.sealed_in), live.document.escrow_bytes)
    except InputError:
        return None


def _kept(live: Live, found: Enclosed) -> KeptEscrow:
    return KeptEscrow(
        document=live.data,
        token=found.token.to_bytes(),
        random=found.random,
        one_time_key=found.one_time_key,
        signature=found.signature,
        body=found.body,
        escrow=found.escrow,
    )


def _demand_plain(report: Report, report_class: str) -> None:
    if report.report_class != report_class:
        raise Refused(f"It came by class {report_class!r}, and says that it is another.")
    if any(Audience.parse(one) not in (EVERYONE, MEMBERS) for one in report.audiences):
        raise Refused(
            "An anonymous report goes to all or to the members: any other circle says who is in it."
        )
    if report.sent or report.purposes or report.not_before or report.unattended:
        raise Refused("An anonymous report has no time, purpose, embargo or rule of its sender's.")
    if len(report.audiences) > len((EVERYONE, MEMBERS)):
        raise Malformed("It names an audience twice.")
