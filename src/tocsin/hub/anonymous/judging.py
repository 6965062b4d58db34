# SPDX-License-Identifier: Apache-2.0
"""What is in a blob, judged without a store and before any transaction.

(1) It was sealed to the intake's key of this epoch, and there is something in it.
(2) Its token stands for its one-time key and its escrow, and that key has signed token and report for this epoch.
(3) The token was issued under this epoch's key, for this hub, realm and class. That an escrow names its sender nobody
    can see here: half of those that were asked for were looked at when the tokens were issued.
(4) The report is of the class that it came by, goes to all or to the members, and has nothing in it that only one
    member could have: no time, no purpose, no embargo, no text.
(5) Its objects are checked as a named report's are.

What fails at (1) has nobody to be told. All else gets a result, sealed for whoever wrote the blob; outside of it
nothing differs.
"""

from hashlib import sha256

import msgspec

from tocsin.domain.audience import EVERYONE, MEMBERS, Audience
from tocsin.errors import InputError, Malformed, Refused, TocsinError
from tocsin.hub.anonymous.epochs import Live
from tocsin.hub.exchange import Exchange
from tocsin.hub.verbs.report import Candidate, check_objects
from tocsin.privacy.tokens import check_token
from tocsin.proof.signing import Context
from tocsin.wire.envelope import Enclosed, blob_context, check_enclosed, unpack
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


def judge(hub: Exchange, live: Live, blob: bytes, report_class: str) -> Judged | None:
    """What to do with a blob; None for cover, and for what opens to nothing."""
    try:
        context = blob_context(hub.identity.realm, hub.identity.id, live.data)
        found = unpack(live.keys.intake.open(blob, context), live.document.escrow_bytes)  # (1)
    except InputError:
        return None
    if found is None:
        return None
    token = found.token.to_bytes()
    digest = sha256(token + found.body).digest()
    judged = Judged(found.reply_key, sha256(token).digest(), digest, "", (), (), Fate("refused"))
    try:
        return _weighed(hub, live, found, report_class, judged)
    except TocsinError as refusal:
        return msgspec.structs.replace(judged, fate=Fate("refused", reason=str(refusal)))


def _weighed(hub: Exchange, live: Live, found: Enclosed, report_class: str, judged: Judged) -> Judged:
    context = Context("anonymous-report", hub.identity.realm, hub.identity.id)
    check_enclosed(found, signs=context, document=live.data)  # (2)
    check_token(found.token, live.keys.token_key, live.challenge)  # (3)
    report = decode(found.body, Report)
    _demand_plain(report, report_class)  # (4)
    checked = check_objects(hub, report)  # (5)
    if any(isinstance(one.found, StixGrouping) and one.found.description for one in checked.clean):
        raise Refused("An anonymous report has no text: how somebody writes tells who it is.")
    audiences = tuple(dict.fromkeys(report.audiences)) or (str(MEMBERS),)
    reason = checked.refused[0].reason if checked.refused else ""
    fate = Fate("accepted", len(checked.clean), reason)
    kept = encode(_kept(live, found)) if found.escrow else b""
    return msgspec.structs.replace(
        judged, report=report.id, audiences=audiences, clean=checked.clean, fate=fate, kept=kept
    )


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
